// Expat; imported by the target XML only.
#include <expat.h>
