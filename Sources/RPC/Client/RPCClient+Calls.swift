package import HeadgateProto
import NIOCore
import NIOConcurrencyHelpers

/// Calls from tasks.
extension RPCClient: RPCCaller {
  package func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    let timeout = options.timeout ?? configuration.timeouts.call
    let deadline = NIODeadline.now().saturating(adding: TimeAmount(timeout))
    let port = try await port(until: deadline)
    let envelope = RequestEnvelope(
      service: method.service, method: method.name, payload: EncodedMessage(request), timeout: timeout,
      metadata: options.metadata)
    let token = CallToken()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<ByteBuffer, RPCError>, Never>) in
        port.start(
          OutgoingCall(
            request: envelope, deadline: deadline, token: token, sink: .response { continuation.resume(returning: $0) }))
        // The handler below may have run before the call was on its way.
        if Task.isCancelled { port.mailbox.post(.cancel(token)) }
      }
    } onCancel: {
      port.mailbox.post(.cancel(token))
    }
    return try result.decoded(as: Response.self).get()
  }

  package func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    let deadline = options.timeout.map { NIODeadline.now().saturating(adding: TimeAmount($0)) } ?? .distantFuture
    let port = try await port(until: min(deadline, .now().saturating(adding: TimeAmount(configuration.timeouts.call))))
    let envelope = RequestEnvelope(
      service: method.service, method: method.name, payload: EncodedMessage(request), timeout: options.timeout,
      metadata: options.metadata)
    let limits = configuration.limits
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<ReceivedMessages, RPCError>, Never>) in
      let token = CallToken()
      let makeQueue: @Sendable (ClientPort, CallToken, Int?) -> ReceiveQueue = { port, token, initialCredit in
        ReceiveQueue(
          limits: .init(messages: initialCredit ?? limits.streamQueueMessages, bytes: limits.streamQueueBytes),
          initialCredit: initialCredit
        ) { messages in port.mailbox.post(.grant(token, messages)) }
      }
      port.start(
        OutgoingCall(
          request: envelope, deadline: deadline, token: token,
          sink: .messages(makeQueue) { result in
            continuation.resume(returning: result.map { ReceivedMessages(queue: $0, port: port, token: token) })
          }))
    }
    let messages = try result.get()
    return ResponseStream(
      next: { () async throws(RPCError) in
        guard let payload = try await messages.queue.next() else { return nil }
        return try Result<ByteBuffer, RPCError>.success(payload).decoded(as: Response.self).get()
      },
      cancel: { messages.cancel() })
  }

  package func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    let deadline = options.timeout.map { NIODeadline.now().saturating(adding: TimeAmount($0)) } ?? .distantFuture
    let port = try await port(until: min(deadline, .now().saturating(adding: TimeAmount(configuration.timeouts.call))))
    let envelope = RequestEnvelope(
      service: method.service, method: method.name, payload: nil, timeout: options.timeout, metadata: options.metadata)
    let token = CallToken()
    // The response arrives as the one message of this queue.
    let response = ReceiveQueue(limits: .init(messages: 1, bytes: .max), initialCredit: nil) { _ in }
    let opened = await withCheckedContinuation { (continuation: CheckedContinuation<Result<SendGate, RPCError>, Never>) in
      port.start(
        OutgoingCall(
          request: envelope, deadline: deadline, token: token,
          sink: .upload(response) { continuation.resume(returning: $0) }))
    }
    let gate = try opened.get()
    let writer = MessageWriter<Request> { message async throws(RPCError) in
      let encoded = EncodedMessage(message)
      guard encoded.length <= FrameHeader.maximumPayload else {
        throw RPCError(.resourceExhausted, "the message is longer than a frame may be", isRetryable: false)
      }
      try await gate.acquire(encoded.length)
      port.mailbox.post(.message(token, encoded, gate))
    }
    var failure: RPCError?
    do {
      try await body(writer)
      port.mailbox.post(.endOfMessages(token))
    } catch let error as RPCError {
      failure = error
    } catch {
      failure = RPCError(.cancelled, "the messages could not all be produced")
    }
    // A server that has answered early closes the gate; its answer says more than the write that failed because of it.
    if let failure, failure != gate.closingError {
      port.mailbox.post(.cancel(token))
      throw failure
    }
    let payload: ByteBuffer?
    do throws(RPCError) {
      payload = try await response.next()
    } catch {
      if error.code == .cancelled { port.mailbox.post(.cancel(token)) }
      throw error
    }
    return try Result<ByteBuffer, RPCError>.success(payload ?? ByteBuffer()).decoded(as: Response.self).get()
  }

  /// A connection, now or as soon as there is one.
  private func port(until deadline: NIODeadline) async throws(RPCError) -> ClientPort {
    if let (_, port) = state.withLockedValue({ $0.slots.pick(eventLoop: nil, avoiding: nil) }) { return port }
    guard configuration.waitsForConnection else { throw notConnected }
    let token = CallToken()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<ClientPort, RPCError>, Never>) in
        wait(until: deadline, token: token) { port, error in
          continuation.resume(returning: port.map { .success($0) } ?? .failure(error ?? ClientPort.lost))
        }
        // The handler below may have run before the call waited.
        if Task.isCancelled { stopWaiting(token) }
      }
    } onCancel: {
      stopWaiting(token)
    }
    return try result.get()
  }

  private func stopWaiting(_ token: CallToken) {
    let call = state.withLockedValue { $0.waiting.remove(token) }
    call?.attempt(nil, RPCError(.cancelled, "the call was cancelled while it waited for a connection"))
  }
}

/// The messages of a server stream, as long as someone wants them: the stream is cancelled with its last reference.
private final class ReceivedMessages: Sendable {
  let queue: ReceiveQueue
  private let port: ClientPort
  private let token: CallToken

  init(queue: ReceiveQueue, port: ClientPort, token: CallToken) {
    self.queue = queue
    self.port = port
    self.token = token
  }

  func cancel() {
    queue.abandon()
    port.mailbox.post(.cancel(token))
  }

  deinit { cancel() }
}
