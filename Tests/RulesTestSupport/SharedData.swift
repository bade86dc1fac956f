import FoundationEssentials
package import JSON

/// Data beside the repository: `../shared`, or the directory that HEADGATE_SHARED names.
package enum SharedData {
  package static let directory: String = {
    if let given = ProcessInfo.processInfo.environment["HEADGATE_SHARED"] { return given }
    let repository = #filePath.split(separator: "/").dropLast(3)
    return "/" + repository.dropLast().joined(separator: "/") + "/shared"
  }()

  /// Whether the file is there; tests that need it are skipped otherwise.
  package static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(directory)/\(path)") }

  /// The file's bytes.
  package static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(directory)/\(path)")))
  }

  /// The names in a directory that begin and end so, sorted.
  package static func names(in path: String, prefix: String, suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(path)")
      .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
  }

  /// The file as JSON; `null` when it is absent.
  package static func json(_ path: String) throws -> JSONValue {
    guard exists(path) else { return try JSONDocument(Array("null".utf8)).root }
    return try JSONDocument(Array(Data(contentsOf: URL(filePath: "\(directory)/\(path)")))).root
  }
}
