import HeadgateProto
import Testing

@testable import Client

@Suite struct RunRetryTests {
  @Test func aDeadRunIsMadeReady() async {
    let control = FakeControlPlane()
    control.on(RunServiceMethods.retry) { request in
      guard request.id == "r1" else { throw RPCError(.failedPrecondition, "the run \(request.id) is leased, not dead") }
      return Run(id: "r1", state: .ready, maxAttempts: 8)
    }
    let retried = await CommandRun.headgate(["run", "retry", "r1"], .init(control: control))
    #expect(retried.output == "r1: ready again, with 8 attempts\n")
    let json = await CommandRun.headgate(["run", "retry", "r1", "-o", "json"], .init(control: control))
    #expect(json.output.contains("\"state\": \"ready\""))
    let refused = await CommandRun.headgate(["run", "retry", "r2"], .init(control: control))
    #expect(refused.status != 0 && refused.errors.contains("the run r2 is leased, not dead"))
  }
}
