import Glibc

/// Reads a line from the terminal without showing it.
enum SilentTerminal {
  // SAFETY: written before the signal handler that reads it is installed, and by one command only.
  private nonisolated(unsafe) static var before = termios()

  /// One line without its line break; `nil` at the end. An interrupt meanwhile leaves the terminal as it was.
  static func readLine() -> String? {
    tcgetattr(STDIN_FILENO, &before)
    let handler = signal(SIGINT) { number in
      // Both functions may be called in a signal handler (signal-safety(7)).
      tcsetattr(STDIN_FILENO, TCSANOW, &SilentTerminal.before)
      _exit(128 + number)
    }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      signal(SIGINT, handler)
    }
    return Swift.readLine()
  }
}
