import HeadgateProto
import NIOCore
import Synchronization
import Testing

@testable import RPC

/// Calls through a client and a server that are real but for the network.
@Suite struct CallTests {
  private typealias Unary = RPCMethod<ListFlowsRequest, ListFlowsResponse>

  private static func unary(
    _ name: String, roles: Set<Role> = [.admin],
    _ body: @escaping @Sendable (ListFlowsRequest, CallContext) async throws -> ListFlowsResponse
  ) -> (Unary, MethodHandler) {
    let method = Unary(service: "test.Calls", name: name, shape: .unary, roles: roles)
    let handler = MethodHandler(
      service: method.service, name: name, roles: roles,
      body: .unary { payload, context in
        EncodedMessage(try await body(try ListFlowsRequest(decoding: payload), context))
      })
    return (method, handler)
  }

  private struct Secretive: Error, CustomStringConvertible { var description: String { "the password is hunter2" } }

  private static func failure(
    _ pair: InProcessPair, _ method: Unary, _ request: ListFlowsRequest = .init(), options: CallOptions = CallOptions()
  ) async -> RPCError? {
    do throws(RPCError) {
      _ = try await pair.call(method, request, options: options)
      return nil
    } catch {
      return error
    }
  }

  // MARK: errors

  @Test func anErrorArrivesAsItWasThrown() async throws {
    let thrown = RPCError(
      .invalidArgument, "two faults",
      faults: [Fault(path: "a", code: "required", message: "is missing"), Fault(path: "b[1]", code: "x")])
    let (method, handler) = Self.unary("Fails") { _, _ in throw thrown }
    let pair = try InProcessPair(handlers: [handler], principal: .testAdmin)
    #expect(await Self.failure(pair, method) == thrown)
    await pair.shutdown()
  }

  @Test func anUnknownErrorKeepsItsTextToItself() async throws {
    let (method, handler) = Self.unary("Fails") { _, _ in throw Secretive() }
    let pair = try InProcessPair(handlers: [handler], principal: .testAdmin)
    let error = try #require(await Self.failure(pair, method))
    #expect(error.code == .internal)
    #expect(!error.logID.isEmpty)
    #expect(!"\(error)".contains("hunter2"))
    await pair.shutdown()
  }

  /// Roles are looked at before the payload: whoever may not call learns nothing from what it sent.
  @Test func aCallerWithoutTheRoleIsDeniedBeforeAnythingIsDecoded() async throws {
    let isCalled = Atomic(false)
    let method = Unary(service: "test.Calls", name: "Admin", shape: .unary, roles: [.admin])
    let handler = MethodHandler(
      service: method.service, name: method.name, roles: method.roles,
      body: .unary { _, _ in
        isCalled.store(true, ordering: .relaxed)
        return EncodedMessage(ListFlowsResponse())
      })
    for (principal, code) in [
      (Principal(name: "r", roles: [.reader]), StatusCode.permissionDenied),
      (Principal(name: "e", roles: [.edge]), .permissionDenied),
      (Principal.anonymous, .unauthenticated),
    ] {
      let pair = try InProcessPair(handlers: [handler], principal: principal)
      #expect(await Self.failure(pair, method)?.code == code)
      await pair.shutdown()
    }
    let wasCalled = isCalled.load(ordering: .relaxed)
    #expect(!wasCalled)
  }

  @Test func aMethodWithoutAHandlerIsUnimplementedAndForStrangersNotEvenThat() async throws {
    let method = Unary(service: "test.Calls", name: "Missing", shape: .unary, roles: [.admin])
    let pair = try InProcessPair(handlers: [], principal: .testAdmin)
    #expect(await Self.failure(pair, method)?.code == .unimplemented)
    await pair.shutdown()
    let stranger = try InProcessPair(handlers: [], principal: .anonymous)
    #expect(await Self.failure(stranger, method)?.code == .unauthenticated)
    await stranger.shutdown()
  }

  @Test func twoHandlersForOneMethodAreRefused() {
    #expect(throws: RPCServerError.duplicateMethod("test.Echo/Echo")) {
      try InProcessPair(handlers: [Echo.handler, Echo.handler], principal: .testAdmin)
    }
  }

  // MARK: time

  @Test func aCallEndsAtItsDeadlineAndItsTaskIsCancelled() async throws {
    let (ended, end) = AsyncStream.makeStream(of: Bool.self)
    let (method, handler) = Self.unary("Sleeps") { _, _ in
      do { try await Task.sleep(for: .seconds(60)) } catch { end.yield(Task.isCancelled) }
      return ListFlowsResponse()
    }
    let pair = try InProcessPair(handlers: [handler, Echo.handler], principal: .testAdmin)
    // Connected first: the timeout is the call's alone.
    _ = try await pair.call(Echo.method, ListFlowsRequest(), options: CallOptions())
    let error = await Self.failure(pair, method, options: CallOptions(timeout: .milliseconds(50)))
    #expect(error?.code == .deadlineExceeded)
    #expect(await ended.first { _ in true } == true)
    await pair.shutdown()
  }

  @Test func aCancelledCallerCancelsTheHandler() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let (ended, end) = AsyncStream.makeStream(of: Bool.self)
    let (method, handler) = Self.unary("Sleeps") { _, _ in
      start.yield()
      do { try await Task.sleep(for: .seconds(60)) } catch { end.yield(Task.isCancelled) }
      return ListFlowsResponse()
    }
    let pair = try InProcessPair(handlers: [handler], principal: .testAdmin)
    let caller = Task { await Self.failure(pair, method) }
    _ = await started.first { _ in true }
    caller.cancel()
    #expect(await caller.value?.code == .cancelled)
    #expect(await ended.first { _ in true } == true)
    await pair.shutdown()
  }

  // MARK: streams

  private static let counting = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
    service: "test.Calls", name: "Count", shape: .serverStream, roles: [.admin])

  /// Streams `page_size` messages; fails afterwards when `cursor` is "fail".
  private static let counter = MethodHandler(
    service: counting.service, name: counting.name, roles: counting.roles,
    body: .serverStream { payload, _, write in
      let request = try ListFlowsRequest(decoding: payload)
      for number in 0..<request.pageSize {
        try await write(EncodedMessage(ListFlowsResponse(nextCursor: "\(number)")))
      }
      if request.cursor == "fail" { throw RPCError(.aborted, "as asked") }
    })

  @Test func aStreamBringsEveryMessageInOrderAndItsEnd() async throws {
    let pair = try InProcessPair(handlers: [Self.counter], principal: .testAdmin)
    let stream = try await pair.stream(Self.counting, ListFlowsRequest(pageSize: 1000), options: CallOptions())
    var received: [String] = []
    while let message = try await stream.next() { received.append(message.nextCursor) }
    #expect(received == (0..<1000).map(String.init))
    await pair.shutdown()
  }

  @Test func aStreamThatFailsBringsItsMessagesFirst() async throws {
    let pair = try InProcessPair(handlers: [Self.counter], principal: .testAdmin)
    let stream = try await pair.stream(Self.counting, ListFlowsRequest(pageSize: 3, cursor: "fail"), options: CallOptions())
    var received = 0
    await #expect(throws: RPCError(.aborted, "as asked")) {
      while try await stream.next() != nil { received += 1 }
    }
    #expect(received == 3)
    await pair.shutdown()
  }

  /// A stream that nobody reads does not hold up the others, and does not fill memory: its writer waits.
  @Test func aStalledStreamHarmsNobody() async throws {
    let written = Atomic(0)
    let endless = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
      service: "test.Calls", name: "Endless", shape: .serverStream, roles: [.admin])
    let handler = MethodHandler(
      service: endless.service, name: endless.name, roles: endless.roles,
      body: .serverStream { _, _, write in
        while true {
          try await write(EncodedMessage(ListFlowsResponse(nextCursor: "x")))
          written.add(1, ordering: .relaxed)
        }
      })
    let pair = try InProcessPair(handlers: [handler, Self.counter, Echo.handler], principal: .testAdmin)
    let stalled = try await pair.stream(endless, ListFlowsRequest(), options: CallOptions())
    let live = try await pair.stream(Self.counting, ListFlowsRequest(pageSize: 5000), options: CallOptions())
    var received = 0
    while try await live.next() != nil { received += 1 }
    #expect(received == 5000)
    #expect(try await pair.call(Echo.method, ListFlowsRequest(cursor: "c"), options: CallOptions()).nextCursor == "c")
    let count = written.load(ordering: .relaxed)
    #expect(count <= RPCServer.Limits().initialCredit)
    stalled.cancel()
    await pair.shutdown()
  }

  @Test func aClientStreamIsReadToItsEnd() async throws {
    let method = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
      service: "test.Calls", name: "Sum", shape: .clientStream, roles: [.admin])
    let handler = MethodHandler(
      service: method.service, name: method.name, roles: method.roles,
      body: .clientStream { next, _ in
        var sum: UInt32 = 0
        while let payload = try await next() { sum += try ListFlowsRequest(decoding: payload).pageSize }
        return EncodedMessage(ListFlowsResponse(nextCursor: "\(sum)"))
      })
    let pair = try InProcessPair(handlers: [handler], principal: .testAdmin)
    let answer = try await pair.upload(method, options: CallOptions()) { writer in
      for number in 1...500 { try await writer.write(ListFlowsRequest(pageSize: UInt32(number))) }
    }
    #expect(answer.nextCursor == "125250")
    await pair.shutdown()
  }

  // MARK: direct methods

  /// Replies may come from any thread and in any order, each call gets its own.
  @Test func directRepliesFromManyThreadsFindTheirCalls() async throws {
    let method = Unary(service: "test.Calls", name: "Direct", shape: .unary, roles: [.admin])
    let handler = MethodHandler(
      service: method.service, name: method.name, roles: method.roles,
      body: .direct { payload, _, reply in
        let cursor = (try? ListFlowsRequest(decoding: payload))?.cursor ?? ""
        Task.detached {
          reply(.success(EncodedMessage(ListFlowsResponse(nextCursor: cursor))))
          reply(.failure(RPCError(.internal, "a second reply is ignored")))
        }
      })
    let pair = try InProcessPair(handlers: [handler], principal: .testAdmin)
    let right = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<500 {
        group.addTask {
          let answer = try? await pair.call(method, ListFlowsRequest(cursor: "\(number)"), options: CallOptions())
          return answer?.nextCursor == "\(number)"
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(right == 500)
    await pair.shutdown()
  }

  // MARK: API keys

  private static func authenticated(_ keys: [String]) async throws -> StatusCode? {
    let authenticator = RPCAuthenticator(apiKey: { $0 == "right" ? .testAdmin : nil })
    let pair = try InProcessPair(handlers: [Echo.handler], principal: .anonymous, authenticator: authenticator)
    let options = CallOptions(metadata: keys.map { CallMetadata(key: "authorization", value: $0) })
    let code = await failure(pair, Echo.method, options: options)?.code
    await pair.shutdown()
    return code
  }

  @Test(arguments: [
    [], ["Bearer wrong"], ["right"], ["Bearer "], ["Basic right"], ["Bearer right", "Bearer right"],
    ["Bearer right", "Bearer wrong"],
  ])
  func wrongAPIKeysAreRefused(keys: [String]) async throws {
    #expect(try await Self.authenticated(keys) == .unauthenticated)
  }

  @Test func theRightAPIKeyActsAsItsPrincipal() async throws {
    #expect(try await Self.authenticated(["Bearer right"]) == nil)
  }
}
