import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
  private func machine(connected: Int, of count: Int = 2, waiterLimit: Int = 2) -> PoolStateMachine {
    var machine = PoolStateMachine(connections: count, waiterLimit: waiterLimit)
    for index in 0..<connected { #expect(machine.connected(index) == .idle) }
    return machine
  }

  @Test func withoutAConnectionCallersWaitAndThenAreRefused() {
    var machine = machine(connected: 0)
    #expect(machine.requested(by: 1) == .wait)
    #expect(machine.requested(by: 2) == .wait)
    #expect(machine.requested(by: 3) == .refuseFull)
  }

  @Test func whoWaitedLongestGetsTheConnection() {
    var machine = machine(connected: 0)
    #expect(machine.requested(by: 1) == .wait)
    #expect(machine.requested(by: 2) == .wait)
    #expect(machine.connected(0) == .lend(0, to: 1))
    #expect(machine.returned(0, isUsable: true) == .lend(0, to: 2))
    #expect(machine.returned(0, isUsable: true) == .idle)
  }

  @Test func aBrokenConnectionIsConnectedAgainAndNotLent() {
    var machine = machine(connected: 1)
    #expect(machine.requested(by: 1) == .lend(0))
    #expect(machine.requested(by: 2) == .wait)
    #expect(machine.returned(0, isUsable: false) == .connect(0))
    #expect(machine.connectedCount == 0)
    #expect(machine.connected(0) == .lend(0, to: 2))
  }

  @Test func whoGaveUpIsPassedOver() {
    var machine = machine(connected: 0)
    #expect(machine.requested(by: 1) == .wait)
    #expect(machine.requested(by: 2) == .wait)
    #expect(machine.gaveUp(1) == true)
    #expect(machine.gaveUp(1) == false)
    #expect(machine.connected(0) == .lend(0, to: 2))
    // A connection was lent to it: too late.
    #expect(machine.gaveUp(2) == false)
  }

  @Test func afterShutDownNothingIsLentAndWhatComesBackIsClosed() {
    var machine = machine(connected: 2)
    #expect(machine.requested(by: 1) == .lend(1))
    let (waiters, unlent) = machine.shutDown()
    #expect(waiters.isEmpty)
    #expect(unlent == [0])
    #expect(machine.requested(by: 2) == .refuseShutDown)
    #expect(!machine.isDrained)
    #expect(machine.returned(1, isUsable: true) == .close(1))
    #expect(machine.isDrained)
  }

  @Test func shutDownNamesThoseWhoWait() {
    var machine = machine(connected: 0)
    #expect(machine.requested(by: 7) == .wait)
    #expect(machine.shutDown().waiters == [7])
    #expect(machine.connected(0) == .close(0))
  }
}

@Suite struct BackoffTests {
  @Test(arguments: [1, 2, 3, 10, 1000, .max])
  func pausesStayWithinTheirBounds(failures: Int) {
    let backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
    let bound = failures >= 6 ? Duration.seconds(1) : .milliseconds(50) * (1 << (failures - 1))
    for _ in 0..<100 {
      let pause = backoff.pause(afterFailures: failures)
      #expect(pause >= bound / 2 && pause <= bound)
    }
  }
}
