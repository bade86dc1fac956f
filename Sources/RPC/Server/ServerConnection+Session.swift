import HeadgateProto
import NIOCore

/// SessionService, which concerns the connection itself.
extension ServerConnection {
  func hello(_ received: ReceivedRequest, _ method: RegisteredMethod, streamID: UInt32) {
    let request: HelloRequest
    do throws(ProtoDecodingError) {
      request = try HelloRequest(decoding: received.payload)
    } catch {
      return refuse(streamID, .undecodable(error), method: method)
    }
    guard request.protocolVersion >= 1 else {
      let fault = Fault(path: "protocol_version", code: "invalid_value", message: "is 1 or greater")
      return refuse(streamID, RPCError(.invalidArgument, "protocol_version is 1 or greater", faults: [fault]), method: method)
    }
    guard keepAlive == nil, machine.extensions.isEmpty else {
      return refuse(streamID, RPCError(.failedPrecondition, "Hello was said before"), method: method)
    }
    let extensions = ProtocolExtensions(names: request.extensions)
    let configuration = core.configuration
    named(String(request.agent.prefix(Self.maximumAgentLength)))
    method.metrics.count(.ok)
    let response = HelloResponse(
      protocolVersion: min(request.protocolVersion, ProtocolExtensions.version),
      extensions: extensions.names,
      pingIntervalMs: UInt32(clamping: configuration.timeouts.pingInterval.wholeNanoseconds / 1_000_000),
      pingTimeoutMs: UInt32(clamping: configuration.timeouts.pingTimeout.wholeNanoseconds / 1_000_000),
      initialCredit: UInt32(clamping: configuration.limits.initialCredit),
      maxFrameBytes: UInt32(clamping: min(configuration.limits.frameBytes, FrameHeader.maximumPayload)),
      serverTimeUs: WallClock.microseconds(),
      instanceId: configuration.instanceID,
      agent: configuration.agent)
    writer.response(ResponseEnvelope(payload: EncodedMessage(response)), streamID: streamID)
    written()
    machine.agreed(extensions)
    if extensions.contains(.ping) {
      keepAlive = KeepAlive(
        interval: TimeAmount(configuration.timeouts.pingInterval), timeout: TimeAmount(configuration.timeouts.pingTimeout),
        now: now)
    }
  }

  func authenticate(_ received: ReceivedRequest, _ method: RegisteredMethod, streamID: UInt32, deadline: NIODeadline) {
    let request: AuthenticateRequest
    do throws(ProtoDecodingError) {
      request = try AuthenticateRequest(decoding: received.payload)
    } catch {
      return refuse(streamID, .undecodable(error), method: method)
    }
    machine.opened(
      streamID, isRemoteClosed: true, isServerStream: false, byteCount: received.payload.readableBytes, deadline: deadline,
      attachment: Stream(method: method, begun: now))
    let key = request.apiKey
    let task = Task { [core, port] in
      let result = await core.principal(of: key, method: method.fullName)
      port.mailbox.post(.connectionAuthenticated(streamID, result))
    }
    attach(task, to: streamID)
  }

  /// The API key of the connection was looked up.
  func connectionAuthenticated(_ streamID: UInt32, _ result: Result<Principal, RPCError>) {
    guard machine[streamID] != nil else { return }
    switch result {
    case .failure(let error): end(streamID, error)
    case .success(let principal):
      accept(principal)
      let response = AuthenticateResponse(
        principal: principal.name, roles: principal.roles.sorted { $0.rawValue < $1.rawValue },
        workspace: principal.workspace ?? "")
      replied(streamID, .success(EncodedMessage(response)))
    }
  }
}
