/* y = condition ? a : b, element by element, with broadcasting. Inputs: condition (one byte), a, b.
 * Output: y. One unit an element of y. One kernel for each size of element: select_8 to select_64.
 */
#ifndef MOTE_KERNELS_SELECT_SELECT_H_
#define MOTE_KERNELS_SELECT_SELECT_H_

#include "kernels/common/broadcast.h"

typedef struct {
  MoteBroadcast shape; /* operands: condition, a, b */
} MoteSelectParams;

#endif
