// zlib; imported by the target Inflation only.
#include <zlib.h>
