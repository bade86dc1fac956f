import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes request identifiers: UUID version 7 (RFC 9562 §5.7), ordered by time.
///
/// Identifiers of one generator grow strictly, also within a millisecond and when the clock steps back a little: the twelve bits
/// after the timestamp count within the millisecond (RFC 9562 §6.2, method 1), the other 62 bits are random. A clock that is set
/// back further is followed: an identifier from the future would be refused.
package final class RequestIDGenerator: Sendable {
  private struct State {
    var milliseconds: Int64 = 0
    var sequence: UInt64 = 0
    /// Bits from the system's generator that no identifier has had: it is asked for many at once, for each time is a system
    /// call.
    var random: [UInt64] = []
  }

  /// Random numbers taken from the system at once: 256 bytes.
  private static let randomCount = 32

  private let state = Mutex(State())

  /// How far the clock may be set back without identifiers going back as well.
  private static let toleratedStep: Int64 = 10_000

  package init() {}

  /// The next identifier.
  ///
  /// - Parameter unixMilliseconds: the present time; 0 to 2^48 - 1.
  package func next(unixMilliseconds: Int64) -> UniqueID {
    let (milliseconds, sequence, random) = state.withLock { state in
      if unixMilliseconds > state.milliseconds || unixMilliseconds < state.milliseconds - Self.toleratedStep {
        state.milliseconds = unixMilliseconds
        state.sequence = 0
      } else if state.sequence < 0xfff {
        state.sequence += 1
      } else {
        state.milliseconds += 1
        state.sequence = 0
      }
      if state.random.isEmpty { Self.refill(&state.random) }
      return (state.milliseconds, state.sequence, state.random.removeLast())
    }
    return UniqueID(
      high: UInt64(milliseconds) << 16 | 0x7000 | sequence,
      low: random & ~(0b11 << 62) | 0b10 << 62)
  }

  private static func refill(_ random: inout [UInt64]) {
    random.append(contentsOf: repeatElement(0, count: randomCount))
    // SAFETY: the array's own length is written; getentropy gives up to 256 bytes (getentropy(3)).
    let result = random.withUnsafeMutableBytes { getentropy($0.baseAddress!, $0.count) }
    precondition(result == 0, "the system has no random numbers")
  }
}
