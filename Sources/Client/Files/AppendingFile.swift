import Glibc

/// A file that grows at its end.
final class AppendingFile {
  private let descriptor: Int32
  private let path: String
  /// Bytes in it.
  private(set) var length: Int64

  /// Makes a file that must not be there yet.
  ///
  /// - Throws: `CommandFailure` with the file's name.
  init(creating path: String) throws(CommandFailure) {
    // Of its owner alone: bodies of requests are nobody else's business.
    descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    self.path = path
    length = 0
    if descriptor < 0 {
      let number = errno
      let advice = number == EEXIST ? "Go on with it by --resume if it was broken off, or choose another name." : ""
      throw CommandFailure(.invalid, "\(path) cannot be made: \(errorText(number))", advice: advice)
    }
  }

  /// Opens a file and cuts it to so many bytes.
  init(resuming path: String, at length: Int64) throws(CommandFailure) {
    descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC)
    self.path = path
    self.length = length
    guard descriptor >= 0 else { throw CommandFailure(.invalid, "\(path) cannot be opened: \(errorText(errno))") }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= length else {
      close(descriptor)
      throw CommandFailure(.invalid, "\(path) is shorter than it was; export it anew")
    }
    guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, 0, SEEK_END) == off_t(length) else {
      close(descriptor)
      throw CommandFailure(.failure, "\(path) cannot be cut to where it is to go on: \(errorText(errno))")
    }
  }

  deinit { close(descriptor) }

  /// Writes all of the bytes and makes them durable.
  func append(_ bytes: [UInt8]) throws(CommandFailure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // SAFETY: the pointer is only used during the call.
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw CommandFailure(.failure, "\(path) cannot be written: \(errorText(errno))")
      }
    }
    guard fdatasync(descriptor) == 0 else { throw CommandFailure(.failure, "\(path) cannot be written: \(errorText(errno))") }
    length += Int64(bytes.count)
  }

  /// Puts a small file in place, whole or not at all.
  static func replace(_ path: String, with bytes: [UInt8]) throws(CommandFailure) {
    let temporary = path + ".new"
    unlink(temporary)
    try AppendingFile(creating: temporary).append(bytes)
    guard rename(temporary, path) == 0 else {
      throw CommandFailure(.failure, "\(path) cannot be written: \(errorText(errno))")
    }
  }

  static func remove(_ path: String) { unlink(path) }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
