import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where finished lines of the log go.
package protocol LogSink: Sendable {
  /// Takes one record with its line feed. Never blocks for long and never fails: a record that cannot be written is lost.
  func write(_ line: [UInt8])
}

/// Writes to a file descriptor, one system call per record, so that records of several threads do not mix.
///
/// A reader that does not keep up must not stop the process: when the descriptor takes nothing more (a full pipe), or
/// refuses (a full disk), the record is dropped and counted, and the count is written when there is room again.
package final class DescriptorLogSink: LogSink {
  /// The standard error of the process.
  package static let standardError = DescriptorLogSink(descriptor: 2)

  private struct State {
    /// Records lost since the last one that was written.
    var dropped = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  package init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Records lost since the last one that was written.
  package var droppedCount: Int { state.withLock(\.dropped) }

  package func write(_ line: [UInt8]) {
    state.withLock { state in
      guard isWritable() else {
        state.dropped += 1
        return
      }
      if state.dropped > 0 {
        guard writeAll(Array("{\"level\":\"warning\",\"message\":\"log records dropped\",\"count\":\(state.dropped)}\n".utf8))
        else {
          state.dropped += 1
          return
        }
        state.dropped = 0
      }
      if !writeAll(line) { state.dropped += 1 }
    }
  }

  private func isWritable() -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLOUT) != 0
  }

  private func writeAll(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let written = bytes[offset...].withUnsafeBytes { part -> Int in
        // SAFETY: pointer and length are those of the slice, which outlives the call.
        #if canImport(Glibc)
          Glibc.write(descriptor, part.baseAddress, part.count)
        #elseif canImport(Musl)
          Musl.write(descriptor, part.baseAddress, part.count)
        #else
          Darwin.write(descriptor, part.baseAddress, part.count)
        #endif
      }
      if written > 0 { offset += written } else if errno != EINTR { return false }
    }
    return true
  }
}
