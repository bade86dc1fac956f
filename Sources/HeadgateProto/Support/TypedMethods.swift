import NIOCore

/// The requests of a client stream, in order; one consumer. Ends with `nil`, or throws when the stream is gone.
package typealias RequestStream<Message: ProtoMessage> = ResponseStream<Message>

/// What generated code makes of typed handler functions.
extension MethodHandler {
  init<Request, Response>(
    _ method: RPCMethod<Request, Response>, body: Body
  ) {
    self.init(service: method.service, name: method.name, roles: method.roles, body: body)
  }

  /// A method of one request and one response.
  init<Request, Response>(
    unary method: RPCMethod<Request, Response>,
    _ handle: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) {
    self.init(
      method,
      body: .unary { payload, context in
        EncodedMessage(try await handle(try decodeRequest(payload, of: method), context))
      })
  }

  /// A method that is called on the event loop and answers through a callback.
  init<Request, Response>(
    direct method: RPCMethod<Request, Response>,
    _ handle: @escaping @Sendable (Request, CallContext, Reply<Response>) -> Void
  ) {
    self.init(
      method,
      body: .direct { payload, context, reply in
        let request: Request
        do throws(RPCError) {
          request = try decodeRequest(payload, of: method)
        } catch {
          return reply(.failure(error))
        }
        handle(request, context, Reply { result in reply(result.map { EncodedMessage($0) }) })
      })
  }

  /// A method of one request and many responses.
  init<Request, Response>(
    serverStream method: RPCMethod<Request, Response>,
    _ handle: @escaping @Sendable (Request, CallContext, MessageWriter<Response>) async throws -> Void
  ) {
    self.init(
      method,
      body: .serverStream { payload, context, write in
        let request = try decodeRequest(payload, of: method)
        try await handle(
          request, context, MessageWriter { (message) throws(RPCError) in try await write(EncodedMessage(message)) })
      })
  }

  /// A method of many requests and one response.
  init<Request, Response>(
    clientStream method: RPCMethod<Request, Response>,
    _ handle: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) {
    self.init(
      method,
      body: .clientStream { next, context in
        let requests = RequestStream<Request>(
          next: { () throws(RPCError) in
            guard let payload = try await next() else { return nil }
            return try decodeRequest(payload, of: method)
          },
          cancel: {})
        return EncodedMessage(try await handle(requests, context))
      })
  }
}

/// Decodes a request, or says to the caller what is wrong with it.
private func decodeRequest<Request, Response>(
  _ payload: ByteBuffer, of method: RPCMethod<Request, Response>
) throws(RPCError) -> Request {
  do throws(ProtoDecodingError) {
    return try Request(decoding: payload)
  } catch {
    switch error {
    case .malformed(let message):
      throw RPCError(.invalidArgument, "the request of \(method.service)/\(method.name) is not a \(message)")
    case .notUTF8(let field):
      throw RPCError(
        .invalidArgument, "\(field) is not UTF-8", faults: [Fault(path: field, code: "not_utf8", message: "must be UTF-8")])
    case .tooLarge(let message):
      throw RPCError(.invalidArgument, "the request has too many parts for a \(message)")
    }
  }
}
