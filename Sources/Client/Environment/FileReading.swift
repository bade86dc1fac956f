import FoundationEssentials
import Glibc

/// Reads the files that commands are given.
package enum FileReading {
  /// All bytes of a file.
  ///
  /// - Throws: `CommandFailure` with the file's name.
  package static func bytes(of path: String) throws(CommandFailure) -> [UInt8] {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw CommandFailure(.invalid, "there is no file \(path)")
    }
    guard !isDirectory else { throw CommandFailure(.invalid, "\(path) is a directory, not a file") }
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      // What the library throws does not say why.
      let reason = access(path, R_OK) == 0 ? "" : ": \(errorText(errno))"
      throw CommandFailure(.invalid, "\(path) cannot be read\(reason)")
    }
  }

  /// All bytes of a file, or of the standard input when the name is "-".
  package static func bytes(of path: String, in environment: ClientEnvironment) throws -> [UInt8] {
    if path == "-" { return try environment.input.readAll() }
    return try bytes(of: path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path)
  }
}

/// Base 64 (RFC 4648 §4) with padding, for bytes that are not text.
package func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
