import Addresses

/// The buckets of client addresses at triggers: a fixed number of places, so that no number of addresses costs more memory.
///
/// A pair of trigger and address has a handful of places where it can be. When they are taken, the bucket that is closest to
/// full gives way: forgetting a full bucket loses nothing. Addresses are kept as seeded hashes only; two that collide (one in
/// 2^64) share a bucket.
struct SourceBuckets {
  private struct Bucket {
    /// 0: nobody's.
    var owner: UInt64 = 0
    var fullAt: Int64 = .min
  }

  /// Places of one pair.
  private static let ways = 8

  private var buckets: [Bucket]
  private let mask: Int

  /// - Parameter count: places, rounded up to a power of two.
  init(count: Int) {
    var sets = 1
    while sets * Self.ways < count, sets < 1 << 40 { sets *= 2 }
    buckets = Array(repeating: Bucket(), count: sets * Self.ways)
    mask = sets - 1
  }

  var count: Int { buckets.count }

  /// Where the pair's bucket is, and where it will be once `store` was called.
  struct Place {
    fileprivate let index: Int
    fileprivate let owner: UInt64
    /// When the bucket is full again.
    let fullAt: Int64
  }

  func place(of source: IPAddress, at trigger: KeyDigest) -> Place {
    let owner = Self.owner(source, trigger)
    let start = (Int(truncatingIfNeeded: owner) & mask) * Self.ways
    var oldest = start
    for index in start..<start + Self.ways {
      if buckets[index].owner == owner { return Place(index: index, owner: owner, fullAt: buckets[index].fullAt) }
      if buckets[index].fullAt < buckets[oldest].fullAt { oldest = index }
    }
    return Place(index: oldest, owner: owner, fullAt: .min)
  }

  mutating func store(_ fullAt: Int64, at place: Place) {
    buckets[place.index] = Bucket(owner: place.owner, fullAt: fullAt)
  }

  /// The hash is seeded per process, so that nobody can choose addresses that meet in one set.
  private static func owner(_ source: IPAddress, _ trigger: KeyDigest) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(trigger)
    // A customer's IPv6 network is a /64 at least (RFC 6177): its addresses are one caller.
    hasher.combine(source.network(prefixLength: source.isIPv4 ? 32 : 64))
    let hash = UInt64(truncatingIfNeeded: hasher.finalize())
    return hash == 0 ? 1 : hash
  }
}
