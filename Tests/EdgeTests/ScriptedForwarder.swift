import HeadgateProto
import NIOCore
import Synchronization

@testable import Edge

/// Answers as the test says, and keeps what it was given.
final class ScriptedForwarder: SubmitForwarder {
  enum Script: Sendable {
    case answer(SubmitResult)
    /// The test answers, with `release`.
    case hold
  }

  private struct Held: Sendable {
    let complete: NIOLoopBound<(SubmitResult) -> Void>
    let eventLoop: any EventLoop
  }

  private struct State {
    var script = Script.answer(.answered(ScriptedForwarder.accepted))
    var requests: [SubmitRequest] = []
    var deadlines: [Duration?] = []
    var held: [Held] = []
    var isReady = true
  }

  static let accepted = SubmitResponse(
    status: 200, headers: [Header(name: Array("content-type".utf8), value: Array("application/json".utf8))],
    body: Array(#"{"status":"accepted"}"#.utf8),
    outcome: .accepted)

  private let state = Mutex(State())

  var isReady: Bool { state.withLock(\.isReady) }
  let clockOffset: Duration

  init(_ script: Script = .answer(.answered(ScriptedForwarder.accepted)), clockOffset: Duration = .zero) {
    self.clockOffset = clockOffset
    state.withLock { $0.script = script }
  }

  func set(isReady: Bool) { state.withLock { $0.isReady = isReady } }

  var requests: [SubmitRequest] { state.withLock(\.requests) }
  /// Within which times the requests were to be answered.
  var deadlines: [Duration?] { state.withLock(\.deadlines) }

  func submit(
    _ request: SubmitRequest, within deadline: Duration?, on eventLoop: any EventLoop,
    completion: @escaping (SubmitResult) -> Void
  ) {
    let held = Held(complete: NIOLoopBound(completion, eventLoop: eventLoop), eventLoop: eventLoop)
    let script = state.withLock { state in
      state.requests.append(request)
      state.deadlines.append(deadline)
      if case .hold = state.script { state.held.append(held) }
      return state.script
    }
    if case .answer(let result) = script { completion(result) }
  }

  /// Answers the oldest request that is held.
  func release(_ result: SubmitResult = .answered(ScriptedForwarder.accepted)) {
    let held = state.withLock { $0.held.isEmpty ? nil : $0.held.removeFirst() }
    guard let held else { return }
    if held.eventLoop.inEventLoop { held.complete.value(result) } else { held.eventLoop.execute { held.complete.value(result) } }
  }
}
