#pragma once
#include <stdint.h>

// How often this thread has called malloc, calloc, realloc or an aligned variant since it began.
uint64_t allocations_of_this_thread(void);
