package import Cryptography

/// The keys that data keys are wrapped with, by version. They never leave the process and encrypt nothing else.
///
/// The text has one key on a line (in the environment also separated by white space or commas): `VERSION:KEY`, where
/// VERSION is 1 to 4294967295 and KEY the base 64 of 32 bytes. Empty lines and lines that start with `#` are skipped. The
/// highest version wraps; the others only unwrap, until everything was rewrapped and they are removed.
package struct MasterKeys: Sendable {
  /// The most keys that are accepted.
  package static let maximumCount = 1024

  /// The version that new and rewrapped data keys are wrapped with: the highest.
  package let currentVersion: UInt32
  private let keys: [UInt32: SecretBytes]

  /// The versions at hand, ascending.
  package var versions: [UInt32] { keys.keys.sorted() }

  /// Reads keys from a text of the form that the type describes.
  ///
  /// - Parameter source: named in errors: a path or a variable.
  /// - Throws: `MasterKeyError`, naming the line.
  package init(parsing text: SecretBytes, source: String) throws(MasterKeyError) {
    var keys: [UInt32: SecretBytes] = [:]
    var characters = text.revealed()
    defer { wipe(&characters) }
    var number = 0
    for line in characters.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      if line.first(where: { !Self.separators.contains($0) }) == UInt8(ascii: "#") { continue }
      for entry in line.split(whereSeparator: Self.separators.contains) {
        let (version, key) = try Self.parse(entry, source: source, line: number)
        guard keys.updateValue(key, forKey: version) == nil else {
          throw .malformed(source: source, line: number, reason: "version \(version) occurs twice")
        }
      }
      guard keys.count <= Self.maximumCount else {
        throw .malformed(source: source, line: number, reason: "more than \(Self.maximumCount) keys")
      }
    }
    guard let highest = keys.keys.max() else { throw .noKeys(source: source) }
    currentVersion = highest
    self.keys = keys
  }

  /// Reads keys from a file that only this process's user may read (mode 0600 or stricter).
  ///
  /// - Throws: `MasterKeyError`.
  package init(file path: String) throws(MasterKeyError) {
    let text: SecretBytes
    do { text = try PrivateFile.read(path) } catch { throw .file(error) }
    try self.init(parsing: text, source: path)
  }

  /// The key of a version; `nil` when it is not at hand.
  func key(_ version: UInt32) -> SecretBytes? { keys[version] }

  private static let separators: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: ",")]

  private static func parse(
    _ entry: ArraySlice<UInt8>, source: String, line: Int
  ) throws(MasterKeyError) -> (UInt32, SecretBytes) {
    guard let colon = entry.firstIndex(of: UInt8(ascii: ":")) else {
      throw .malformed(source: source, line: line, reason: "VERSION:KEY was expected")
    }
    let digits = entry[..<colon]
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let version = UInt32(String(decoding: digits, as: UTF8.self)), version > 0
    else {
      throw .malformed(source: source, line: line, reason: "the version must be a number from 1 to 4294967295")
    }
    guard var key = Base64.decode(entry[(colon + 1)...]), key.count == AESGCM.keyLength else {
      throw .malformed(source: source, line: line, reason: "the key must be \(AESGCM.keyLength) bytes in base 64")
    }
    defer { wipe(&key) }
    return (version, SecretBytes(copying: key))
  }
}

extension MasterKeys: CustomStringConvertible, CustomReflectable {
  /// The versions, never the keys.
  package var description: String { "MasterKeys(versions: \(versions), current: \(currentVersion))" }
  /// Without children.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why there are no master keys. Never shows a key.
package enum MasterKeyError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read, or others may read or write it.
  case file(PrivateFileError)
  /// The text of a file or variable is not of the expected form.
  case malformed(source: String, line: Int, reason: String)
  /// There is no key in the file or variable.
  case noKeys(source: String)

  /// For people; says what to do.
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let source, let line, let reason): "\(source), line \(line): \(reason)"
    case .noKeys(let source): "\(source): has no master key; make one with: headgate-control keys init"
    }
  }
}
