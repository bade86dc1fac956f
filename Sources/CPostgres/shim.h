#include <libpq-fe.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// prctl takes variable arguments, which Swift cannot pass. The system cuts the name to 15 bytes.
static inline void headgate_name_thread(const char *name) {
  prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

// Glibc's module for Swift leaves sys/eventfd.h out.
static inline int headgate_event_descriptor(void) {
  return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}
