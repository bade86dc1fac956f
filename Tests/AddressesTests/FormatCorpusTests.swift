import Foundation
import Testing

@testable import Addresses

/// The IPv4 and IPv6 strings of the JSON-Schema test suite.
@Suite(.enabled(if: FormatCorpus.isPresent, "the corpora are not beside the repository")) struct FormatCorpusTests {
  @Test(arguments: ["ipv4", "ipv6"])
  func agrees(_ format: String) throws {
    let cases = try FormatCorpus.cases(format)
    #expect(cases.count > 30, "the file is not the one that is meant")
    for (text, isValid, description) in cases {
      let address = IPAddress(text)
      // The type reads both families; the file is about one.
      let accepted = address != nil && text.contains(":") == (format == "ipv6")
      #expect(accepted == isValid, "\(description): \(text)")
    }
  }
}

private enum FormatCorpus {
  static let folder: URL = {
    let shared =
      ProcessInfo.processInfo.environment["HEADGATE_SHARED"].map { URL(fileURLWithPath: $0) }
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("shared")
    return shared.appendingPathComponent("corpora/JSON-Schema-format/tests/draft2020-12/optional/format")
  }()

  static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

  /// The cases whose datum is a string: all others are valid by definition of the suite.
  static func cases(_ format: String) throws -> [(text: String, isValid: Bool, description: String)] {
    let data = try Data(contentsOf: folder.appendingPathComponent("\(format).json"))
    let groups = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    return groups.flatMap { $0["tests"] as? [[String: Any]] ?? [] }.compactMap { test in
      guard let text = test["data"] as? String, let isValid = test["valid"] as? Bool else { return nil }
      return (text, isValid, test["description"] as? String ?? "")
    }
  }
}
