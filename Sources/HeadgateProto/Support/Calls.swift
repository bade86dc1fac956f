package import NIOCore

/// How messages flow in a call.
package enum CallShape: Sendable {
  case unary
  case serverStream
  case clientStream
}

/// One method of a service, typed. Generated for every method of the proto files.
package struct RPCMethod<Request: ProtoMessage, Response: ProtoMessage>: Sendable {
  /// Full name of the service, "headgate.v1.FlowService".
  package let service: String
  /// "Apply".
  package let name: String
  package let shape: CallShape
  /// Who may call it.
  package let roles: Set<Role>

  package init(service: String, name: String, shape: CallShape, roles: Set<Role>) {
    self.service = service
    self.name = name
    self.shape = shape
    self.roles = roles
  }
}

/// One entry of a call's metadata, such as "authorization" or "traceparent".
package struct CallMetadata: Sendable, Hashable {
  package var key: String
  package var value: String

  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// What a caller may add to a call.
package struct CallOptions: Sendable {
  /// How long the caller waits; `nil`: the caller's default.
  package var timeout: Duration?
  package var metadata: [CallMetadata]

  package init(timeout: Duration? = nil, metadata: [CallMetadata] = []) {
    self.timeout = timeout
    self.metadata = metadata
  }
}

/// Something that calls can be made through: a client with its connections, or the in-process pair of tests.
package protocol RPCCaller: Sendable {
  /// One request, one response.
  func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response

  /// One request, many responses.
  func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response>

  /// Many requests, one response. `send` is done when `body` returns.
  func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response
}

/// The responses of a server stream, in order; one consumer. Ends with `nil`, or throws the status the server ended it with.
package struct ResponseStream<Message: ProtoMessage>: Sendable {
  private let nextMessage: @Sendable () async throws(RPCError) -> Message?
  private let cancelStream: @Sendable () -> Void

  package init(
    next: @escaping @Sendable () async throws(RPCError) -> Message?, cancel: @escaping @Sendable () -> Void
  ) {
    nextMessage = next
    cancelStream = cancel
  }

  /// The next message, or `nil` after the last.
  package func next() async throws(RPCError) -> Message? { try await nextMessage() }

  /// Tells the server that nothing more is wanted. Harmless after the end.
  package func cancel() { cancelStream() }
}

/// Where a handler (server stream) or a caller (client stream) writes its messages.
package struct MessageWriter<Message: ProtoMessage>: Sendable {
  private let writeMessage: @Sendable (Message) async throws(RPCError) -> Void

  package init(write: @escaping @Sendable (Message) async throws(RPCError) -> Void) {
    writeMessage = write
  }

  /// Sends one message; waits while the peer has granted no credit. Throws `cancelled` when the stream is gone.
  package func write(_ message: Message) async throws(RPCError) { try await writeMessage(message) }
}

/// Who makes a call.
package struct Principal: Sendable, Hashable {
  /// The common name of the certificate, or the name of the API key; "anonymous" for neither.
  package var name: String
  package var roles: Set<Role>
  /// The only workspace it may see, by name; `nil`: all.
  package var workspace: String?
  /// The id of the API key that it is here by, which may be revoked; empty: by none.
  package var apiKeyID: String

  package init(name: String, roles: Set<Role>, workspace: String? = nil, apiKeyID: String = "") {
    self.name = name
    self.roles = roles
    self.workspace = workspace
    self.apiKeyID = apiKeyID
  }

  package static let anonymous = Principal(name: "anonymous", roles: [])
}

/// What a handler knows of the call besides the request.
package struct CallContext: Sendable {
  package var principal: Principal
  package var metadata: [CallMetadata]
  /// When the caller stops waiting.
  package var deadline: ContinuousClock.Instant
  /// Address of the peer, for logs and audit.
  package var peer: String
  /// The agent that the peer named in Hello, or empty.
  package var agent: String

  package init(
    principal: Principal, metadata: [CallMetadata] = [], deadline: ContinuousClock.Instant, peer: String = "",
    agent: String = ""
  ) {
    self.principal = principal
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
    self.agent = agent
  }
}

/// The answer of a direct method. Exactly one of the two functions is to be called once, from any thread; further calls are ignored.
package struct Reply<Response: ProtoMessage>: Sendable {
  private let complete: @Sendable (Result<Response, RPCError>) -> Void

  package init(_ complete: @escaping @Sendable (Result<Response, RPCError>) -> Void) {
    self.complete = complete
  }

  package func succeed(_ response: Response) { complete(.success(response)) }
  package func fail(_ error: RPCError) { complete(.failure(error)) }
}

/// A method with its implementation, as the server registers it. Made by the generated `methods` of a handler protocol.
///
/// Generated code wraps typed handlers into these closures: the server decodes nothing and encodes nothing itself.
package struct MethodHandler: Sendable {
  package enum Body: Sendable {
    /// Called on the connection's event loop; must not block. The closure decodes the request and encodes the response.
    case direct(
      @Sendable (
        _ payload: ByteBuffer, _ context: CallContext, _ reply: @escaping @Sendable (Result<EncodedMessage, RPCError>) -> Void
      ) -> Void)
    case unary(@Sendable (_ payload: ByteBuffer, _ context: CallContext) async throws -> EncodedMessage)
    case serverStream(
      @Sendable (
        _ payload: ByteBuffer, _ context: CallContext,
        _ write: @escaping @Sendable (EncodedMessage) async throws(RPCError) -> Void
      )
        async throws -> Void)
    case clientStream(
      @Sendable (_ next: @escaping @Sendable () async throws(RPCError) -> ByteBuffer?, _ context: CallContext) async throws ->
        EncodedMessage)
  }

  package let service: String
  package let name: String
  package let roles: Set<Role>
  package let body: Body

  package init(service: String, name: String, roles: Set<Role>, body: Body) {
    self.service = service
    self.name = name
    self.roles = roles
    self.body = body
  }
}

/// A message that is yet to be written into a frame: its length is known, its bytes are written where they are needed.
package struct EncodedMessage: Sendable {
  package let length: Int
  private let writeMessage: @Sendable (inout ProtoWriter) -> Void

  package init(_ message: some ProtoMessage) {
    length = message.encodedLength
    writeMessage = { message.write(to: &$0) }
  }

  /// Appends exactly `length` bytes.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.write(length: length) { writeMessage(&$0) }
  }

  /// Writes exactly `length` bytes.
  func write(to writer: inout ProtoWriter) { writeMessage(&writer) }
}
