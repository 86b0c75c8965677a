// Holds the precompiled headers; see common_headers.h.
