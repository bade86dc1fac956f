import Cryptography
import FoundationEssentials

/// Project Wycheproof's files in `../shared/corpora/wycheproof` beside the repository (HEADGATE_SHARED overrides `../shared`).
enum Wycheproof {
  static let directory: String = {
    let shared: String
    if let given = ProcessInfo.processInfo.environment["HEADGATE_SHARED"] {
      shared = given
    } else {
      shared = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/shared"
    }
    return shared + "/corpora/wycheproof/testvectors_v1"
  }()

  static let isPresent = FileManager.default.fileExists(atPath: directory)

  static func load<Group: Decodable>(_ name: String, _ type: Group.Type) throws -> [Group] {
    let data = try Data(contentsOf: URL(filePath: "\(directory)/\(name)_test.json"))
    return try JSONDecoder().decode(File<Group>.self, from: data).testGroups
  }

  private struct File<Group: Decodable>: Decodable {
    var testGroups: [Group]
  }
}

/// Bytes that a file gives as hexadecimal digits.
struct HexBytes: Decodable {
  var bytes: [UInt8]

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Hex.decode(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal")
    }
    self.bytes = bytes
  }
}
