import Identifiers

/// Numbers of advisory locks, for what has no row of its own to be locked. Each kind has a few of them, so that a transaction
/// cannot fill the server's table of locks: different things may share one, and then wait for each other.
enum LockNumber {
  /// What is locked: the upper half of the number, which no other lock of this program has.
  enum Kind: Int64 {
    /// A customer's name.
    case name = 0x6867_6e61
    /// An order key of runs.
    case order = 0x6867_6f72
  }

  /// The number of one of a kind: FNV-1a of what it is.
  static func of(_ kind: Kind, _ ids: UniqueID..., key: [UInt8]) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for id in ids { for byte in id.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return kind.rawValue << 32 | Int64(hash % count)
  }

  private static let count: UInt64 = 256
}
