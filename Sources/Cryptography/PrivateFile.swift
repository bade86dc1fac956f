#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that hold secrets: made for their owner alone, and refused when others could have read or written them.
package enum PrivateFile {
  /// Permission bits of such a file.
  package static let mode: UInt32 = 0o600
  /// The largest file that is read.
  package static let maximumSize = 1 << 20

  /// Writes a new file with mode 0600 and waits until it is on disk; an existing file or link is never touched.
  ///
  /// - Throws: `PrivateFileError`.
  package static func create(at path: String, contents: some ByteSource, mode: UInt32 = mode) throws(PrivateFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
    guard descriptor >= 0 else {
      throw errno == EEXIST ? .exists(path: path) : .system(path: path, operation: "create", code: errno)
    }
    defer { close(descriptor) }
    // The process's umask may have taken bits away; it must not decide.
    var failure: PrivateFileError? =
      fchmod(descriptor, mode_t(mode)) == 0 ? nil : .system(path: path, operation: "chmod", code: errno)
    if failure == nil {
      failure = contents.withBytes { bytes -> PrivateFileError? in
        var written = 0
        while written < bytes.count {
          let count = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
          if count < 0 && errno == EINTR { continue }
          guard count > 0 else { return .system(path: path, operation: "write", code: errno) }
          written += count
        }
        return fsync(descriptor) == 0 ? nil : .system(path: path, operation: "fsync", code: errno)
      }
    }
    if let failure {
      unlink(path)
      throw failure
    }
  }

  /// Writes the file under another name first and then moves it over `path`, so that readers see the old or the new whole.
  ///
  /// - Throws: `PrivateFileError`.
  package static func replace(at path: String, contents: some ByteSource, mode: UInt32 = mode) throws(PrivateFileError) {
    let temporary = path + ".new-" + Hex.encode(SecureRandom.bytes(count: 8))
    try create(at: temporary, contents: contents, mode: mode)
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw .system(path: path, operation: "rename", code: code)
    }
  }

  /// Reads a file that only its owner may read or write and that belongs to this process's user (or to root).
  ///
  /// - Throws: `PrivateFileError`, also when the file is looser than that, is no regular file or is larger than
  ///   `maximumSize`.
  package static func read(_ path: String) throws(PrivateFileError) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .absent(path: path) : .system(path: path, operation: "open", code: errno)
    }
    defer { close(descriptor) }
    // The open file is examined, not the path, so that it cannot be exchanged in between.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(path: path, operation: "stat", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw .wrongOwner(path: path, owner: UInt32(status.st_uid), expected: UInt32(geteuid()))
    }
    let permissions = UInt32(status.st_mode & 0o7777)
    guard permissions & 0o077 == 0 else { throw .tooOpen(path: path, mode: permissions) }
    let size = Int(status.st_size)
    guard size <= maximumSize else { throw .tooLarge(path: path, size: size) }

    var code: Int32 = 0
    var count = 0
    let contents = SecretBytes(count: size) { buffer in
      while count < size {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { return }
        count += got
      }
    }
    guard code == 0 else { throw .system(path: path, operation: "read", code: code) }
    guard count == size else { throw .changed(path: path) }
    return contents
  }
}

/// Why a file with secrets was not read or written. Never carries its contents.
package enum PrivateFileError: Error, Hashable, CustomStringConvertible {
  /// There is no such file.
  case absent(path: String)
  /// The file to be made exists already.
  case exists(path: String)
  /// The group or others have access.
  case tooOpen(path: String, mode: UInt32)
  /// The file belongs to another user, given by number.
  case wrongOwner(path: String, owner: UInt32, expected: UInt32)
  /// A directory, device, pipe or link.
  case notRegular(path: String)
  /// Bytes, above `PrivateFile.maximumSize`.
  case tooLarge(path: String, size: Int)
  /// The file became shorter while it was read.
  case changed(path: String)
  /// A system call failed.
  case system(path: String, operation: String, code: Int32)

  /// For people; says what to do.
  package var description: String {
    switch self {
    case .absent(let path): "\(path): no such file"
    case .exists(let path): "\(path): exists already and is not overwritten"
    case .tooOpen(let path, let mode):
      "\(path): has mode 0\(String(mode, radix: 8)), so others than its owner have access; run: chmod 600 \(path)"
    case .wrongOwner(let path, let owner, let expected):
      "\(path): belongs to user \(owner), expected \(expected) (this process's user)"
    case .notRegular(let path): "\(path): is not a regular file"
    case .tooLarge(let path, let size): "\(path): has \(size) bytes, the limit is \(PrivateFile.maximumSize)"
    case .changed(let path): "\(path): changed while it was read"
    case .system(let path, let operation, let code): "\(path): \(operation) failed: \(String(cString: strerror(code)))"
    }
  }
}
