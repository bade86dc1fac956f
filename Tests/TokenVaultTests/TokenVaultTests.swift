import Cryptography
import Testing

@testable import TokenVault

@Suite("Workspace vault")
struct WorkspaceVaultTests {
  static let workspace = [UInt8](repeating: 1, count: 16)
  static let context = SecretContext(
    trigger: [UInt8](repeating: 2, count: 16), field: "secret", record: [UInt8](repeating: 3, count: 16))

  private static func masterKeys(_ versions: [UInt32: UInt8]) throws -> MasterKeys {
    let lines = versions.map { "\($0.key):\(Base64.encode([UInt8](repeating: $0.value, count: 32)))" }
    return try MasterKeys(parsing: SecretBytes(copying: lines.joined(separator: "\n")), source: "test")
  }

  private static func vault() throws -> WorkspaceVault {
    try WorkspaceVault(workspace: workspace, keys: [DataKey.random(workspace: workspace, version: 1)])
  }

  @Test("What is sealed opens in its place", arguments: [0, 1, 32, 1000])
  func roundTrip(_ count: Int) throws {
    let vault = try Self.vault()
    let secret = SecretBytes.random(count: count)
    let ciphertext = try vault.seal(secret, context: Self.context)
    #expect(ciphertext.count == count + 33)
    #expect(try vault.open(ciphertext, context: Self.context) == secret)
    #expect(WorkspaceVault.dataKeyVersion(of: ciphertext) == 1)
    #expect(try vault.seal(secret, context: Self.context) != ciphertext)
  }

  @Test("Every altered bit and every truncation fails")
  func alterations() throws {
    let vault = try Self.vault()
    let ciphertext = try vault.seal(SecretBytes(copying: "a secret of a trigger"), context: Self.context)
    for bit in 0..<(8 * ciphertext.count) {
      var altered = ciphertext
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      let error = #expect(throws: VaultError.self) { try vault.open(altered, context: Self.context) }
      switch bit / 8 {
      case 0: #expect(error == .unknownFormat(altered[0]))
      case 1...4: #expect(error == .unknownDataKey(version: WorkspaceVault.dataKeyVersion(of: altered) ?? 0))
      default: #expect(error == .notAuthentic)
      }
    }
    for count in 0..<ciphertext.count {
      #expect(throws: VaultError.self) { try vault.open(Array(ciphertext[..<count]), context: Self.context) }
    }
    #expect(throws: VaultError.notAuthentic) { try vault.open(ciphertext + [0], context: Self.context) }
  }

  @Test("What is sealed with a key of its own opens in its place alone, and uses nothing of the data key up")
  func derived() throws {
    let key = DataKey.random(workspace: Self.workspace, version: 1)
    let vault = try WorkspaceVault(workspace: Self.workspace, keys: [key])
    let secret = SecretBytes(copying: "Bearer of a stranger")
    let ciphertext = try vault.sealMany(secret, context: Self.context)
    #expect(ciphertext.count == secret.count + 45 && WorkspaceVault.dataKeyVersion(of: ciphertext) == 1)
    #expect(try vault.open(ciphertext, context: Self.context) == secret)
    #expect(try vault.sealMany(secret, context: Self.context) != ciphertext)
    #expect(key.usage == 0)
    for byte in ciphertext.indices {
      for bit in 0..<8 {
        var altered = ciphertext
        altered[byte] ^= 1 << UInt8(bit)
        #expect(throws: VaultError.self) { try vault.open(altered, context: Self.context) }
      }
    }
    for count in ciphertext.indices {
      #expect(throws: VaultError.self) { try vault.open(Array(ciphertext[..<count]), context: Self.context) }
    }
    var elsewhere = Self.context
    elsewhere.field = "request"
    #expect(throws: VaultError.notAuthentic) { try vault.open(ciphertext, context: elsewhere) }
    // Past the limit of what the key itself may seal.
    let spent = DataKey(workspace: Self.workspace, version: 1, key: .random(count: 32), usage: DataKey.maximumUsage)
    let exhausted = try WorkspaceVault(workspace: Self.workspace, keys: [spent])
    #expect(throws: VaultError.exhausted(dataKeyVersion: 1)) { try exhausted.seal(secret, context: Self.context) }
    #expect(try exhausted.open(try exhausted.sealMany(secret, context: Self.context), context: Self.context) == secret)
  }

  @Test("A version changed to another one at hand fails")
  func otherVersion() throws {
    let keys = [DataKey.random(workspace: Self.workspace, version: 1), DataKey.random(workspace: Self.workspace, version: 2)]
    let vault = try WorkspaceVault(workspace: Self.workspace, keys: keys)
    var ciphertext = try vault.seal(SecretBytes(copying: "x"), context: Self.context)
    #expect(WorkspaceVault.dataKeyVersion(of: ciphertext) == 2)
    ciphertext[4] = 1
    #expect(throws: VaultError.notAuthentic) { try vault.open(ciphertext, context: Self.context) }
  }

  @Test("Even the same key under another version does not open")
  func versionIsBound() throws {
    let master = try Self.masterKeys([1: 1])
    let key = DataKey.random(workspace: Self.workspace, version: 1)
    var wrapped = try key.wrapped(by: master)
    wrapped.version = 2
    #expect(throws: VaultError.notAuthentic) { try wrapped.unwrapped(by: master) }
  }

  @Test("Moved to another trigger, field, row or workspace, it does not open")
  func moves() throws {
    let key = DataKey.random(workspace: Self.workspace, version: 1)
    let vault = try WorkspaceVault(workspace: Self.workspace, keys: [key])
    let ciphertext = try vault.seal(SecretBytes(copying: "secret"), context: Self.context)
    var places: [SecretContext] = []
    for position in 0..<3 {
      var place = Self.context
      switch position {
      case 0: place.trigger[15] = 9
      case 1: place.field = "secrets"
      default: place.record[0] = 9
      }
      places.append(place)
    }
    // Bytes pushed from one field into the next.
    places.append(SecretContext(trigger: Self.context.trigger + Array("s".utf8), field: "ecret", record: Self.context.record))
    places.append(SecretContext(trigger: Self.context.record, field: "secret", record: Self.context.trigger))
    for place in places {
      #expect(throws: VaultError.notAuthentic) { try vault.open(ciphertext, context: place) }
    }
    let other = try WorkspaceVault(workspace: [9], keys: [DataKey.random(workspace: [9], version: 1)])
    #expect(throws: VaultError.notAuthentic) { try other.open(ciphertext, context: Self.context) }
    #expect(throws: VaultError.notAuthentic) { _ = try WorkspaceVault(workspace: [9], keys: [key]) }
  }

  @Test("Even the same key does not open in another workspace what it sealed in the first")
  func workspaceIsBound() throws {
    let key = SecretBytes.random(count: 32)
    let vaults = try [Self.workspace, [9]].map { workspace in
      try WorkspaceVault(workspace: workspace, keys: [DataKey(workspace: workspace, version: 1, key: key, usage: 0)])
    }
    let ciphertext = try vaults[0].seal(SecretBytes(copying: "secret"), context: Self.context)
    #expect(try vaults[0].open(ciphertext, context: Self.context) == SecretBytes(copying: "secret"))
    #expect(throws: VaultError.notAuthentic) { try vaults[1].open(ciphertext, context: Self.context) }
  }

  @Test("A wrapped data key opens for its workspace and version only, and every altered bit fails")
  func wrapping() throws {
    let master = try Self.masterKeys([1: 1])
    let wrapped = try DataKey.random(workspace: Self.workspace, version: 3).wrapped(by: master)
    #expect(wrapped.masterKeyVersion == 1)
    #expect(try wrapped.unwrapped(by: master).version == 3)
    for bit in 0..<(8 * wrapped.bytes.count) {
      var altered = wrapped
      altered.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: VaultError.self) { try altered.unwrapped(by: master) }
    }
    var moved = wrapped
    moved.workspace[0] ^= 1
    #expect(throws: VaultError.notAuthentic) { try moved.unwrapped(by: master) }
    #expect(throws: VaultError.unknownMasterKey(version: 1)) { try wrapped.unwrapped(by: Self.masterKeys([2: 1])) }
    #expect(throws: VaultError.notAuthentic) { try wrapped.unwrapped(by: Self.masterKeys([1: 2])) }
  }

  @Test("Master keys are rotated without touching what is sealed")
  func rotation() throws {
    let old = try Self.masterKeys([1: 1])
    let wrapped = try DataKey.random(workspace: Self.workspace, version: 1).wrapped(by: old)
    let before = try WorkspaceVault(workspace: Self.workspace, keys: [wrapped], masterKeys: old)
    let ciphertext = try before.seal(SecretBytes(copying: "kept"), context: Self.context)

    let both = try Self.masterKeys([1: 1, 2: 2])
    let rewrapped = try wrapped.rewrapped(by: both)
    #expect(rewrapped.masterKeyVersion == 2 && rewrapped.version == 1)
    let after = try WorkspaceVault(workspace: Self.workspace, keys: [rewrapped], masterKeys: Self.masterKeys([2: 2]))
    #expect(try after.open(ciphertext, context: Self.context) == SecretBytes(copying: "kept"))
  }

  @Test("A new data key seals, the old one still opens")
  func newDataKey() throws {
    let first = DataKey.random(workspace: Self.workspace, version: 1)
    let old = try WorkspaceVault(workspace: Self.workspace, keys: [first])
    let ciphertext = try old.seal(SecretBytes(copying: "old"), context: Self.context)
    let new = try WorkspaceVault(workspace: Self.workspace, keys: [first, DataKey.random(workspace: Self.workspace, version: 2)])
    #expect(try new.open(ciphertext, context: Self.context) == SecretBytes(copying: "old"))
    #expect(WorkspaceVault.dataKeyVersion(of: try new.seal(SecretBytes(copying: "new"), context: Self.context)) == 2)
  }

  @Test("A key asks for its replacement at 2^30 messages and seals no more at 2^32")
  func usage() throws {
    let master = try Self.masterKeys([1: 1])
    var wrapped = try DataKey.random(workspace: Self.workspace, version: 1).wrapped(by: master)
    wrapped.usage = DataKey.alarmUsage - 1
    let tired = try wrapped.unwrapped(by: master)
    let vault = try WorkspaceVault(workspace: Self.workspace, keys: [tired])
    #expect(!tired.needsReplacement)
    _ = try vault.seal(SecretBytes(copying: "x"), context: Self.context)
    #expect(tired.needsReplacement && tired.usage == 1 << 30)

    wrapped.usage = DataKey.maximumUsage - 1
    let last = try WorkspaceVault(workspace: Self.workspace, keys: [wrapped], masterKeys: master)
    let ciphertext = try last.seal(SecretBytes(copying: "last"), context: Self.context)
    for _ in 0..<3 {
      #expect(throws: VaultError.exhausted(dataKeyVersion: 1)) { try last.seal(SecretBytes(copying: "x"), context: Self.context) }
    }
    #expect(try last.open(ciphertext, context: Self.context) == SecretBytes(copying: "last"))
    #expect(throws: VaultError.noDataKey) {
      try WorkspaceVault(workspace: Self.workspace, keys: []).seal(SecretBytes(copying: "x"), context: Self.context)
    }
  }
}
