import Synchronization

/// Makes request identifiers: UUID version 7 (RFC 9562 §5.7), ordered by time.
///
/// Identifiers of one generator grow strictly, also within a millisecond and when the clock steps back a little: the twelve bits
/// after the timestamp count within the millisecond (RFC 9562 §6.2, method 1), the other 62 bits are random. A clock that is set
/// back further is followed: an identifier from the future would be refused.
package final class RequestIDGenerator: Sendable {
  private struct State {
    var milliseconds: Int64 = 0
    var sequence: UInt64 = 0
  }

  private let state = Mutex(State())

  /// How far the clock may be set back without identifiers going back as well.
  private static let toleratedStep: Int64 = 10_000

  package init() {}

  /// The next identifier.
  ///
  /// - Parameter unixMilliseconds: the present time; 0 to 2^48 - 1.
  package func next(unixMilliseconds: Int64) -> UniqueID {
    let (milliseconds, sequence) = state.withLock { state in
      if unixMilliseconds > state.milliseconds || unixMilliseconds < state.milliseconds - Self.toleratedStep {
        state.milliseconds = unixMilliseconds
        state.sequence = 0
      } else if state.sequence < 0xfff {
        state.sequence += 1
      } else {
        state.milliseconds += 1
        state.sequence = 0
      }
      return (state.milliseconds, state.sequence)
    }
    var source = SystemRandomNumberGenerator()
    return UniqueID(
      high: UInt64(milliseconds) << 16 | 0x7000 | sequence,
      low: source.next() & ~(0b11 << 62) | 0b10 << 62)
  }
}
