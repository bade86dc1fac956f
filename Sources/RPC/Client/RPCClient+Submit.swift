package import HeadgateProto
package import NIOCore
import NIOConcurrencyHelpers

/// Calls from an event loop, without a task.
extension RPCClient {
  /// Makes a call with one response and gives its result to `completion` on `eventLoop`, never before this returns.
  ///
  /// To be called on `eventLoop`. Costs least when `eventLoop` is one of the configuration's event loops.
  ///
  /// - Parameters:
  ///   - timeout: how long to wait for the response, and for a connection before it.
  ///   - previous: the connection of the last attempt, when this one should go over another one if there is any.
  ///   - waits: whether the call waits for a connection while there is none, or fails with `unavailable` at once.
  /// - Returns: the connection that the call goes over; `nil` when it waits for one or fails.
  @discardableResult
  package func submit<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, timeout: Duration, metadata: [CallMetadata] = [],
    avoiding previous: ConnectionID? = nil, waits: Bool = false, on eventLoop: any EventLoop,
    completion: @escaping (Result<Response, RPCError>) -> Void
  ) -> ConnectionID? {
    let envelope = RequestEnvelope(
      service: method.service, method: method.name, payload: EncodedMessage(request), timeout: timeout, metadata: metadata)
    let deadline = eventLoop.now.saturating(adding: TimeAmount(timeout))
    let index = eventLoops.firstIndex { $0 === eventLoop }
    guard let (id, port) = state.withLockedValue({ $0.slots.pick(eventLoop: index, avoiding: previous) }) else {
      let completion = NIOLoopBound(completion, eventLoop: eventLoop)
      let fail: @Sendable (RPCError) -> Void = { error in
        eventLoop.execute { completion.value(.failure(error)) }
      }
      guard waits else {
        fail(notConnected)
        return nil
      }
      wait(until: deadline) { port, error in
        guard let port else { return fail(error ?? ClientPort.lost) }
        Self.start(envelope, deadline, on: port) { result in
          eventLoop.execute { completion.value(result.decoded()) }
        }
      }
      return nil
    }
    if port.eventLoop === eventLoop {
      if let connection = port.onEventLoop {
        connection.start(envelope, deadline: deadline) { completion($0.decoded()) }
      } else {
        eventLoop.assumeIsolatedUnsafeUnchecked().execute { completion(.failure(ClientPort.lost)) }
      }
    } else {
      let completion = NIOLoopBound(completion, eventLoop: eventLoop)
      Self.start(envelope, deadline, on: port) { result in
        eventLoop.execute { completion.value(result.decoded()) }
      }
    }
    return id
  }

  private static func start(
    _ request: RequestEnvelope, _ deadline: NIODeadline, on port: ClientPort,
    complete: @escaping @Sendable (Result<ByteBuffer, RPCError>) -> Void
  ) {
    port.start(OutgoingCall(request: request, deadline: deadline, token: CallToken(), sink: .response(complete)))
  }

  /// The error of a call that finds no connection.
  var notConnected: RPCError {
    let (refusal, loss) = state.withLockedValue { ($0.lastRefusal, $0.lastLoss) }
    if let refusal { return refusal }
    return RPCError(
      .unavailable, loss.map { "no connection to the control plane: \($0)" } ?? "no connection to the control plane")
  }

  /// Calls `attempt` with a connection when there is one, or with an error at the deadline.
  func wait(
    until deadline: NIODeadline, token: CallToken? = nil, _ attempt: @escaping @Sendable (ClientPort?, RPCError?) -> Void
  ) {
    enum Outcome {
      case connection(ClientPort)
      case waits(timer: NIODeadline?)
      case refused(RPCError)
    }
    let outcome: Outcome = state.withLockedValue { state in
      // A connection may have become ready since the caller looked.
      if let (_, port) = state.slots.pick(eventLoop: nil, avoiding: nil) { return .connection(port) }
      if state.slots.isStopped { return .refused(RPCError(.unavailable, "the client was shut down", isRetryable: false)) }
      guard state.waiting.count < configuration.limits.waitingCalls else {
        return .refused(RPCError(.resourceExhausted, "too many calls wait for a connection"))
      }
      return .waits(timer: state.waiting.append(WaitingCall(deadline: deadline, token: token, attempt: attempt)))
    }
    switch outcome {
    case .connection(let port): attempt(port, nil)
    case .refused(let error): attempt(nil, error)
    case .waits(let timer): if let timer { expireWaiting(at: timer) }
    }
  }

  private func expireWaiting(at deadline: NIODeadline) {
    eventLoops[0].scheduleTask(deadline: deadline) { [weak self] in
      guard let self else { return }
      let (calls, next) = state.withLockedValue { $0.waiting.expired(now: .now()) }
      if let next { expireWaiting(at: next) }
      guard !calls.isEmpty else { return }
      let error = notConnected
      for call in calls { call.attempt(nil, error) }
    }
  }
}
