import HeadgateProto
import Identifiers
import Synchronization

/// A flow by name.
struct FlowName: Hashable, Sendable {
  var workspace: UniqueID
  var flow: String
}

/// Lets those who change the same flow in this process do it one after the other, in the order in which they came: a change that
/// is computed while another one is being saved would only be computed in vain.
final class Turns: Sendable {
  private struct State {
    /// Who waits behind whoever has the turn.
    var waiting: [FlowName: [CheckedContinuation<Void, Never>]] = [:]
  }

  private let state = Mutex(State())

  /// Runs `body` when it is its turn. A task that is cancelled meanwhile gets its turn all the same, and ends it by itself.
  func take<Value: Sendable>(
    _ flow: FlowName, _ body: () async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.waiting[flow] == nil {
          state.waiting[flow] = []
          return true
        }
        state.waiting[flow]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer { end(flow) }
    return try await body()
  }

  private func end(_ flow: FlowName) {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting[flow]?.isEmpty != false {
        state.waiting[flow] = nil
        return nil
      }
      return state.waiting[flow]?.removeFirst()
    }
    next?.resume()
  }
}
