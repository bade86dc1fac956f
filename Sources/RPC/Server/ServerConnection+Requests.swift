import HeadgateProto
import NIOCore

extension ServerConnection {
  /// The longest agent that is kept, in characters.
  static let maximumAgentLength = 128

  // MARK: - From frame to method

  /// A request frame that the machine has let through.
  func requestReceived(_ frame: Frame, form: ServerConnectionMachine<Stream>.RequestForm, now: NIODeadline) {
    let streamID = frame.header.streamID
    let request: ReceivedRequest
    do throws(ProtoDecodingError) {
      request = try ReceivedRequest(decoding: frame.payload)
    } catch {
      return refuse(streamID, .undecodable(error), method: nil)
    }
    let method = core.methods.method(for: request)
    if request.metadata.isEmpty {
      dispatch(request, method, form: form, principal: principal, roles: roles, streamID: streamID, now: now)
    } else {
      requestWithMetadata(request, method, form: form, streamID: streamID, now: now)
    }
  }

  private func requestWithMetadata(
    _ request: ReceivedRequest, _ method: RegisteredMethod?, form: ServerConnectionMachine<Stream>.RequestForm,
    streamID: UInt32, now: NIODeadline
  ) {
    switch BearerCredential(request.metadata) {
    case .none: dispatch(request, method, form: form, principal: principal, roles: roles, streamID: streamID, now: now)
    case .malformed:
      refuse(streamID, RPCError(.unauthenticated, "authorization is to be one \"Bearer KEY\""), method: method)
    case .apiKey(let key):
      guard let method else {
        return refuse(streamID, RPCError(.unauthenticated, "the API key is not valid here"), method: nil)
      }
      guard form != .remoteOpen else {
        // Messages would come, and would have to be kept, before it is known whose they are.
        let error = RPCError(.unauthenticated, "for a stream of requests, authenticate the connection (SessionService)")
        return refuse(streamID, error, method: method)
      }
      let deadline = deadline(of: request, method, now: now)
      machine.opened(
        streamID, isRemoteClosed: true, isServerStream: false, byteCount: request.payload.readableBytes, deadline: deadline,
        attachment: Stream(
          method: method, begun: now, pending: PendingRequest(request: request, form: form, deadline: deadline)))
      let task = Task { [core, port] in
        let result = await core.principal(of: key, method: method.fullName)
        port.mailbox.post(.requestAuthenticated(streamID, result))
      }
      attach(task, to: streamID)
    }
  }

  /// The caller of a request with an API key is known, or not.
  func requestAuthenticated(_ streamID: UInt32, _ result: Result<Principal, RPCError>) {
    guard let stream = machine.ended(streamID), let pending = stream.pending else { return }
    switch result {
    case .failure(let error): refuse(streamID, error, method: stream.method)
    case .success(let principal):
      if !principal.roles.isEmpty { credentialAccepted() }
      if machine.isDraining {
        return refuse(streamID, RPCError(.unavailable, "the server is shutting down"), method: stream.method)
      }
      dispatch(
        pending.request, stream.method, form: pending.form, principal: principal, roles: RoleMask(principal.roles),
        streamID: streamID, now: now)
      if var opened = machine[streamID] {
        opened.principal = principal
        machine.attach(opened, to: streamID)
      }
    }
  }

  /// Calls the method if the caller may. What the request says beyond its names is not looked at before that.
  private func dispatch(
    _ request: ReceivedRequest, _ method: RegisteredMethod?, form: ServerConnectionMachine<Stream>.RequestForm,
    principal: Principal, roles: RoleMask, streamID: UInt32, now: NIODeadline
  ) {
    guard let method, roles.mayCall(method.roles) else {
      return refuse(streamID, denial(request, method, principal), method: method)
    }
    let deadline = deadline(of: request, method, now: now)
    guard deadline > now else {
      return refuse(streamID, RPCError(.deadlineExceeded, "the call's timeout had passed"), method: method)
    }
    switch method.kind {
    case .hello: return hello(request, method, streamID: streamID)
    case .authenticate: return authenticate(request, method, streamID: streamID, deadline: deadline)
    case .handler: break
    }
    let context = CallContext(
      principal: principal, metadata: request.metadata.filter { !BearerCredential.isAuthorization($0) },
      deadline: .now + .nanoseconds((deadline - now).nanoseconds), peer: peer, agent: agent)
    switch (method.handler.body, form) {
    case (.direct(let body), .unary), (.direct(let body), .remoteClosed):
      open(streamID, method, request, deadline: deadline)
      body(request.payload, context) { [port] result in port.reply(streamID, result) }
    case (.unary(let body), .unary), (.unary(let body), .remoteClosed):
      callUnary(body, method, request, context, streamID: streamID, deadline: deadline)
    case (.serverStream(let body), .remoteClosed):
      callServerStream(body, method, request, context, streamID: streamID, deadline: deadline)
    case (.clientStream(let body), .remoteClosed), (.clientStream(let body), .remoteOpen):
      callClientStream(body, method, request, context, form: form, streamID: streamID, deadline: deadline)
    case (.direct, .remoteOpen), (.unary, .remoteOpen):
      refuse(streamID, RPCError(.invalidArgument, "\(method.fullName) takes one request: it is not remote open"), method: method)
    case (.serverStream, .unary), (.serverStream, .remoteOpen):
      refuse(streamID, RPCError(.invalidArgument, "\(method.fullName) streams: its request is remote closed"), method: method)
    case (.clientStream, .unary):
      refuse(
        streamID, RPCError(.invalidArgument, "\(method.fullName) takes a stream: its request is remote open"), method: method)
    }
  }

  /// Why the caller may not call. Someone without any right learns nothing of what methods there are.
  private func denial(_ request: ReceivedRequest, _ method: RegisteredMethod?, _ principal: Principal) -> RPCError {
    if principal.roles.isEmpty { return RPCError(.unauthenticated, "a certificate with a role or an API key is needed") }
    guard let method else {
      return RPCError(.unimplemented, "there is no method \(request.service)/\(request.method)")
    }
    return RPCError(.permissionDenied, "\(principal.name) may not call \(method.fullName)")
  }

  private func deadline(of request: ReceivedRequest, _ method: RegisteredMethod, now: NIODeadline) -> NIODeadline {
    let timeouts = core.configuration.timeouts
    let longest = method.isStream ? timeouts.longestStream : timeouts.longestCall
    let unspecified = method.isStream ? timeouts.longestStream : timeouts.call
    let nanoseconds = request.timeoutNano
    if nanoseconds < 0 { return now }
    let timeout = nanoseconds == 0 ? TimeAmount(unspecified) : min(.nanoseconds(nanoseconds), TimeAmount(longest))
    return now.saturating(adding: timeout)
  }

  private func open(
    _ streamID: UInt32, _ method: RegisteredMethod, _ request: ReceivedRequest, deadline: NIODeadline,
    isRemoteClosed: Bool = true, isServerStream: Bool = false, gate: SendGate? = nil, queue: ReceiveQueue? = nil
  ) {
    machine.opened(
      streamID, isRemoteClosed: isRemoteClosed, isServerStream: isServerStream, byteCount: request.payload.readableBytes,
      deadline: deadline, attachment: Stream(method: method, begun: now, gate: gate, queue: queue))
  }

  /// Keeps the task with its stream, which cancels it when it ends early.
  func attach(_ task: Task<Void, Never>, to streamID: UInt32) {
    guard var stream = machine[streamID] else { return task.cancel() }
    stream.task = task
    machine.attach(stream, to: streamID)
  }

  // MARK: - Methods with a task of their own

  private func callUnary(
    _ body: @escaping @Sendable (ByteBuffer, CallContext) async throws -> EncodedMessage, _ method: RegisteredMethod,
    _ request: ReceivedRequest, _ context: CallContext, streamID: UInt32, deadline: NIODeadline
  ) {
    open(streamID, method, request, deadline: deadline)
    let payload = request.payload.detached
    let task = Task { [core, port] in
      let result: Result<EncodedMessage, RPCError>
      do {
        result = .success(try await body(payload, context))
      } catch {
        result = .failure(core.error(from: error, method: method.fullName))
      }
      port.mailbox.post(.replied(streamID, result))
    }
    attach(task, to: streamID)
  }

  private func callServerStream(
    _ body:
      @escaping @Sendable (
        ByteBuffer, CallContext, _ write: @escaping @Sendable (EncodedMessage) async throws(RPCError) -> Void
      ) async throws -> Void,
    _ method: RegisteredMethod, _ request: ReceivedRequest, _ context: CallContext, streamID: UInt32, deadline: NIODeadline
  ) {
    let limits = core.configuration.limits
    let credit = machine.extensions.contains(.credit) ? limits.initialCredit : nil
    let gate = SendGate(credit: credit, byteLimit: limits.streamBufferBytes)
    open(streamID, method, request, deadline: deadline, isServerStream: true, gate: gate)
    let payload = request.payload.detached
    let task = Task { [core, port] in
      let result: Result<Void, RPCError>
      do {
        try await body(payload, context) { message async throws(RPCError) in
          guard message.length <= FrameHeader.maximumPayload else {
            throw RPCError(.resourceExhausted, "the message is longer than a frame may be", isRetryable: false)
          }
          try await gate.acquire(message.length)
          port.mailbox.post(.message(streamID, message, gate))
        }
        result = .success(())
      } catch {
        result = .failure(core.error(from: error, method: method.fullName))
      }
      port.mailbox.post(.streamEnded(streamID, result))
    }
    attach(task, to: streamID)
  }

  private func callClientStream(
    _ body:
      @escaping @Sendable (
        _ next: @escaping @Sendable () async throws(RPCError) -> ByteBuffer?, CallContext
      ) async throws -> EncodedMessage,
    _ method: RegisteredMethod, _ request: ReceivedRequest, _ context: CallContext,
    form: ServerConnectionMachine<Stream>.RequestForm, streamID: UInt32, deadline: NIODeadline
  ) {
    let limits = core.configuration.limits
    let credit = machine.extensions.contains(.credit) ? limits.initialCredit : nil
    let queue = ReceiveQueue(
      limits: .init(messages: credit ?? limits.streamQueueMessages, bytes: limits.inFlightBytesPerConnection),
      initialCredit: credit
    ) { [port] messages in port.mailbox.post(.grant(streamID, messages)) }
    open(streamID, method, request, deadline: deadline, isRemoteClosed: form != .remoteOpen, queue: queue)
    if request.payload.readableBytes > 0 { _ = queue.push(request.payload) }
    if form != .remoteOpen { queue.finish(.success(())) }
    let task = Task { [core, port] in
      let result: Result<EncodedMessage, RPCError>
      do {
        let response = try await body(
          { () async throws(RPCError) in
            guard let message = try await queue.next() else { return nil }
            port.mailbox.post(.consumed(streamID, message.readableBytes))
            return message
          }, context)
        result = .success(response)
      } catch {
        result = .failure(core.error(from: error, method: method.fullName))
      }
      port.mailbox.post(.replied(streamID, result))
    }
    attach(task, to: streamID)
  }
}

extension ByteBuffer {
  /// Bytes up to which a payload is copied out of the read that it came in.
  private static var detachedBytes: Int { 4096 }

  /// The bytes, but not the whole read that they are a small slice of: a method's task may keep them for long.
  fileprivate var detached: ByteBuffer {
    readableBytes <= Self.detachedBytes ? ByteBuffer(bytes: readableBytesView) : self
  }
}
