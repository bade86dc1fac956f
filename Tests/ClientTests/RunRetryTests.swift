import HeadgateProto
import Testing

@testable import Client

@Suite struct RunRetryTests {
  private static let id = "01934a5e-0000-8000-8000-000000000001"
  private static let other = "01934a5e-0000-8000-8000-000000000002"

  @Test func aDeadRunIsMadeReady() async {
    let control = FakeControlPlane()
    control.on(RunServiceMethods.retry) { request in
      guard request.id == Self.id else { throw RPCError(.failedPrecondition, "the run \(request.id) is leased, not dead") }
      return Run(id: Self.id, state: .ready, maxAttempts: 8)
    }
    let retried = await CommandRun.headgate(["run", "retry", Self.id], .init(control: control))
    #expect(retried.output == "\(Self.id): ready again, with 8 attempts\n")
    let json = await CommandRun.headgate(["run", "retry", Self.id, "-o", "json"], .init(control: control))
    #expect(json.output.contains("\"state\": \"ready\""))
    let refused = await CommandRun.headgate(["run", "retry", Self.other], .init(control: control))
    #expect(refused.status != 0 && refused.errors.contains("the run \(Self.other) is leased, not dead"))
  }
}
