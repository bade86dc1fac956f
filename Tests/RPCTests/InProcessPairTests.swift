import HeadgateProto
import NIOCore
import Testing

@testable import RPC

@Suite struct InProcessPairTests {
  @Test func unaryCallReachesItsHandler() async throws {
    let pair = try InProcessPair(handlers: [Echo.handler], principal: .testAdmin)
    let answer = try await pair.call(Echo.method, ListFlowsRequest(workspace: "w", cursor: "c"), options: CallOptions())
    #expect(answer.nextCursor == "c")
    await pair.shutdown()
  }
}
