#include <libpq-fe.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

// prctl takes variable arguments, which Swift cannot pass. The system cuts the name to 15 bytes.
static inline void headgate_name_thread(const char *name) {
  prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

// Glibc's module for Swift leaves sys/eventfd.h out.
static inline int headgate_event_descriptor(void) {
  return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

// As much of the pieces as the socket takes now; -1 with errno. MSG_NOSIGNAL is an enumeration's constant, which Swift does not
// see as the flag that it is.
static inline ssize_t headgate_send(int socket, struct iovec *pieces, size_t count) {
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What has arrived, at most `count` bytes; 0: the peer has closed; -1 with errno.
static inline ssize_t headgate_receive(int socket, void *bytes, size_t count) {
  return recv(socket, bytes, count, MSG_DONTWAIT);
}
