// Sources may be used from any thread, which the module does not say yet.
@preconcurrency import Dispatch
import FoundationEssentials
import Glibc

extension ClientEnvironment {
  /// The environment of this process.
  package static let process = ClientEnvironment(
    variables: ProcessInfo.processInfo.environment,
    workingDirectory: FileManager.default.currentDirectoryPath,
    executablePath: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
    output: OutputChannel(descriptor: STDOUT_FILENO),
    errors: OutputChannel(descriptor: STDERR_FILENO),
    input: .standardInput,
    terminalWidth: terminalColumns(),
    now: { Timestamp(microseconds: systemMicroseconds()) },
    connect: { settings in try await connectToControlPlane(settings) },
    stopRequests: { signals([SIGINT, SIGTERM]) })

  private static func terminalColumns() -> Int {
    var size = winsize()
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
      // SAFETY: TIOCGWINSZ writes one winsize, which lives across the call.
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    }
    let variable = ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init)
    return variable.flatMap { $0 > 0 ? $0 : nil } ?? defaultTerminalWidth
  }

  private static func systemMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// The signals as they arrive; their default action is off as long as the process lives.
  private static func signals(_ numbers: [Int32]) -> AsyncStream<Void> {
    AsyncStream { continuation in
      let sources = numbers.map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { continuation.yield() }
        source.resume()
        return source
      }
      continuation.onTermination = { _ in for source in sources { source.cancel() } }
    }
  }
}

extension OutputChannel {
  /// A file descriptor; a descriptor without a reader throws `OutputClosed`, a full disk and the like `OutputFailed`.
  package init(descriptor: Int32) {
    self.init(isTerminal: isatty(descriptor) == 1) { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        // SAFETY: the pointer is only used during the call.
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno == EPIPE {
          throw OutputClosed()
        } else if errno == EAGAIN {
          var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&waiting, 1, -1)
        } else if errno != EINTR {
          throw OutputFailed(reason: errorText(errno))
        }
      }
    }
  }
}

extension InputChannel {
  fileprivate static let standardInput = InputChannel(
    isTerminal: isatty(STDIN_FILENO) == 1,
    readAll: { try readToEnd(of: STDIN_FILENO) },
    readLine: { echo in echo ? Swift.readLine() : SilentTerminal.readLine() })

  private static func readToEnd(of descriptor: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      // SAFETY: the pointer is only used during the call.
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { bytes += buffer[..<count] }
      if count == 0 { return bytes }
      if count < 0 && errno != EINTR { throw CommandFailure(.failure, "cannot read standard input: \(errorText(errno))") }
    }
  }
}

/// The system's text for an error number, such as "No such file or directory".
func errorText(_ number: Int32) -> String {
  // SAFETY: strerror returns a text that stays valid until the next call in this thread; it is copied here.
  String(cString: strerror(number))
}
