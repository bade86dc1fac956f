import FoundationEssentials
import JSON

/// Data beside the repository: `../shared`, or the directory that HEADGATE_SHARED names.
enum SharedData {
  static let directory: String = {
    if let given = ProcessInfo.processInfo.environment["HEADGATE_SHARED"] { return given }
    let repository = #filePath.split(separator: "/").dropLast(4)
    return "/" + repository.dropLast().joined(separator: "/") + "/shared"
  }()

  /// Whether the file is there; tests that need it are skipped otherwise.
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(directory)/\(path)") }

  /// The file as JSON; `null` when it is absent.
  static func json(_ path: String) throws -> JSONValue {
    guard exists(path) else { return try JSONDocument(Array("null".utf8)).root }
    return try JSONDocument(Array(Data(contentsOf: URL(filePath: "\(directory)/\(path)")))).root
  }
}
