import Client
import Glibc

// A standard stream that is closed would be the number of the next thing opened, and results be written into that. In its
// place stands what cannot be read, or written, and says so.
for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
  _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
}

exit(await HeadgateProgram.run(Array(CommandLine.arguments.dropFirst())))
