import Cryptography
import FoundationEssentials
import Testing
import TokenVault

@Suite("Master keys")
struct MasterKeyTests {
  static let key = Base64.encode([UInt8](repeating: 5, count: 32))

  private func parse(_ text: String) throws(MasterKeyError) -> MasterKeys {
    try MasterKeys(parsing: SecretBytes(copying: text), source: "keys")
  }

  @Test("Comments, empty lines, several on a line, and the highest version is current")
  func accepted() throws {
    let keys = try parse("# 9:comment\n\n  # 8:\n2:\(Self.key)\r\n\t10:\(Self.key), 3:\(Self.key)\n")
    #expect(keys.versions == [2, 3, 10] && keys.currentVersion == 10)
    #expect(!"\(keys)".contains(Self.key))
  }

  @Test(
    "Lines that are refused, with their number",
    arguments: [
      "x", "1", "1:", ":\(key)", "0:\(key)", "-1:\(key)", "+1:\(key)", "4294967296:\(key)", "1:\(key.dropLast())", "1:\(key)AA==",
      "1:\(Base64.encode([UInt8](repeating: 5, count: 16)))", "1:\(Base64.encode([UInt8](repeating: 5, count: 33)))",
      "1:\(String(repeating: "05", count: 32))", "1:\(key)#comment",
    ])
  func refused(_ line: String) {
    let error = #expect(throws: MasterKeyError.self) { try parse("# heading\n\(line)\n7:\(Self.key)") }
    guard case .malformed("keys", line: 2, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains(Self.key) == false)
  }

  @Test("A version twice, and no key at all")
  func duplicates() {
    #expect(throws: MasterKeyError.malformed(source: "keys", line: 2, reason: "version 1 occurs twice")) {
      try parse("1:\(Self.key)\n1:\(Self.key)")
    }
    for text in ["", "\n\n", "# only a comment"] { #expect(throws: MasterKeyError.noKeys(source: "keys")) { try parse(text) } }
  }

  @Test("A new file has one random key, is never overwritten, grows by versions, and is refused when others can read it")
  func file() throws {
    let path = (ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") + "/headgate-" + Hex.encode(SecureRandom.bytes(count: 8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: MasterKeyError.file(.absent(path: path))) { try MasterKeys(file: path) }
    try MasterKeyFile.create(at: path)
    #expect(try MasterKeys(file: path).versions == [1])
    #expect(throws: MasterKeyError.file(.exists(path: path))) { try MasterKeyFile.create(at: path) }

    let workspace: [UInt8] = [1]
    let wrapped = try DataKey.random(workspace: workspace, version: 1).wrapped(by: MasterKeys(file: path))
    #expect(try MasterKeyFile.addVersion(to: path) == 2)
    let keys = try MasterKeys(file: path)
    #expect(keys.versions == [1, 2])
    #expect(try wrapped.rewrapped(by: keys).masterKeyVersion == 2)

    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    #expect(throws: MasterKeyError.file(.tooOpen(path: path, mode: 0o640))) { try MasterKeys(file: path) }
    #expect(throws: MasterKeyError.file(.tooOpen(path: path, mode: 0o640))) { _ = try MasterKeyFile.addVersion(to: path) }
  }
}
