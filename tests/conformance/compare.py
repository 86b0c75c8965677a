"""How two results are compared, and how tests count."""
import numpy as np


def scales_of(wants):
    """The largest magnitude of each output over several runs of one model. Where a run's outputs cancel
    to nearly nothing, the errors are still those of the terms that cancelled."""
    return [max((float(np.max(np.abs(w[np.isfinite(w)]), initial=0)) for w in runs), default=0)
            if runs[0].dtype.kind in "fc" else 0 for runs in zip(*wants)]


def difference(got, want, exact, tolerance, scales=None):
    """None if they agree, else one line that says how they differ. Errors are relative to each output's
    largest magnitude, or to `scales` where that is larger."""
    if len(got) != len(want):
        return f"{len(got)} outputs, wanted {len(want)}"
    for index, (a, b) in enumerate(zip(got, want)):
        line = difference_of_one(a, b, exact, tolerance, scales[index] if scales else 0)
        if line:
            return f"output {index}: {line}"
    return None


def difference_of_one(got, want, exact, tolerance, scale=0):
    if got.shape != want.shape:
        return f"shape {list(got.shape)}, wanted {list(want.shape)}"
    if got.dtype != want.dtype:
        return f"dtype {got.dtype}, wanted {want.dtype}"
    if got.size == 0:
        return None
    if exact or got.dtype.kind in "iub":
        wrong = np.flatnonzero(got.reshape(-1) != want.reshape(-1))
        if wrong.size == 0:
            return None
        first = wrong[0]
        return (f"{wrong.size} of {got.size} differ, first at {first}: "
                f"{got.reshape(-1)[first]}, wanted {want.reshape(-1)[first]}; largest step "
                f"{np.max(np.abs(got.astype(np.int64) - want.astype(np.int64)))}")
    finite = np.isfinite(want)
    same = np.where(finite, True, (got == want) | (np.isnan(got) & np.isnan(want)))
    if not same.all():
        return f"{np.sum(~same)} of {got.size} infinities or NaNs differ"
    if not finite.any():
        return None
    wide = np.complex128 if got.dtype.kind == "c" else np.float64
    error = np.abs(got[finite].astype(wide) - want[finite].astype(wide))
    if not np.isfinite(error).all():
        return "not finite where a finite value is wanted"
    scale = max(float(np.max(np.abs(want[finite]))), scale, 1e-6)
    if error.max() <= tolerance * scale:
        return None
    at = int(np.argmax(error))
    return (f"largest error {error.max() / scale:.2e} of the scale {scale:.3g} (allowed "
            f"{tolerance:.0e}): {got[finite].reshape(-1)[at]}, wanted "
            f"{want[finite].reshape(-1)[at]}")


class Tally:
    """Passes and failures by category; prints the failures as they come and a table at the end."""

    def __init__(self, verbose=False):
        self.verbose, self.rows = verbose, {}
        self.failed_lines = []

    def _row(self, category):
        return self.rows.setdefault(category, {"passed": 0, "failed": 0, "skipped": 0})

    def passed(self, category, label=""):
        self._row(category)["passed"] += 1
        if self.verbose:
            print(f"ok      {category}: {label}", flush=True)

    def failed(self, category, label, why):
        self._row(category)["failed"] += 1
        self.failed_lines.append(f"{category}: {label}: {why}")
        print(f"FAILED  {category}: {label}: {why}", flush=True)

    def skipped(self, category, label, why, count=1):
        self._row(category)["skipped"] += count
        print(f"skipped {category}: {label}: {why}", flush=True)

    def check(self, category, label, why):
        """Counts `why` (None: agreed)."""
        if why is None:
            self.passed(category, label)
        else:
            self.failed(category, label, why)

    def total(self, key):
        return sum(row[key] for row in self.rows.values())

    def finish(self, title):
        """Prints the table and the counting line; the exit code."""
        width = max([len(name) for name in self.rows] + [len(title)])
        print(f"\n{title:<{width}}  passed  failed  skipped")
        for name, row in self.rows.items():
            print(f"{name:<{width}}  {row['passed']:6}  {row['failed']:6}  {row['skipped']:7}")
        print(f"\n{self.total('passed')} passed, {self.total('failed')} failed, "
              f"{self.total('skipped')} skipped", flush=True)
        return 1 if self.total("failed") else 0
