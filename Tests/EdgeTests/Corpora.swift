import Foundation
import Testing

/// Test data of other projects, which lies beside the repository and not in it.
enum Corpora {
  static let folder: URL = {
    let shared =
      ProcessInfo.processInfo.environment["HEADGATE_SHARED"].map { URL(fileURLWithPath: $0) }
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("shared")
    return shared.appendingPathComponent("corpora")
  }()

  static var arePresent: Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent("gunicorn/expect.json").path)
  }

  static let absence: Comment = "the corpora are not beside the repository"

  private static func json(_ path: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: folder.appendingPathComponent(path))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
  }

  /// A request that gunicorn's own tests expect to be read.
  struct ReadRequest {
    var method: String
    var target: String
    var minorVersion: Int
    var body: [UInt8]
  }

  struct GunicornCase {
    var name: String
    var bytes: [UInt8]
    /// Settings other than gunicorn's defaults that the case assumes.
    var settings: [String]
    /// `nil`: the case is to be refused.
    /// An element is `nil` where only the number of requests is told.
    var requests: [ReadRequest?]?
  }

  static func gunicorn() throws -> [GunicornCase] {
    try json("gunicorn/expect.json").map { item in
      let name = try #require(item["case"] as? String)
      let data = try Data(contentsOf: folder.appendingPathComponent("gunicorn/\(name).raw"))
      let settings = (item["gunicorn_cfg"] as? [String] ?? []).filter { $0 != "cfg = Config()" }
      let expectations = (item["expect"] as? [[String: Any]]) ?? [item["expect"] as? [String: Any] ?? [:]]
      let requests: [ReadRequest?]? =
        name.hasPrefix("invalid/")
        ? nil
        : try expectations.map { expected in
          // Cases of two requests name them only.
          guard let version = expected["version"] as? [Int] else { return nil }
          // Bytes are written as Latin-1 characters.
          let body = (expected["body"] as? String ?? "").unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
          return ReadRequest(
            method: try #require(expected["method"] as? String), target: try #require(expected["uri"] as? String),
            minorVersion: version[1], body: body)
        }
      return GunicornCase(name: name, bytes: Array(data), settings: settings, requests: requests)
    }
  }

  struct LLHTTPCase {
    var name: String
    var bytes: [UInt8]
    /// What a strict parser says; 0: nothing.
    var errorCode: Int
    var messages: Int
  }

  /// The cases that are read without leniency.
  static func llhttpStrict() throws -> [LLHTTPCase] {
    try json("llhttp/request_cases.json").compactMap { item in
      guard (item["meta"] as? [String: Any])?["type"] as? String == "request",
        (item["meta"] as? [String: Any])?["skipBody"] == nil
      else { return nil }
      let payload = try #require(item["payload"] as? String)
      return LLHTTPCase(
        name: "\(item["file"] as? String ?? ""): \(item["title"] as? String ?? "")", bytes: Array(payload.utf8),
        errorCode: (item["strict_error"] as? [String: Any])?["code"] as? Int ?? 0,
        messages: item["messages_complete"] as? Int ?? 0)
    }
  }
}
