import NIOConcurrencyHelpers
import NIOCore

/// Carries events from any thread to a connection's event loop: one lock-protected list and one wake-up for as many events
/// as gather until the loop takes them.
final class Mailbox<Event: Sendable>: Sendable {
  private struct State {
    var events: [Event] = []
    /// A wake-up is on its way.
    var isAwake = false
    var isClosed = false
  }

  let eventLoop: any EventLoop
  private let state = NIOLockedValueBox(State())
  private let receiver: NIOLoopBoundBox<((consuming [Event]) -> Void)?>

  /// - Parameter eventLoop: where the receiver is called; this initializer is to be called there.
  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    receiver = NIOLoopBoundBox(nil, eventLoop: eventLoop)
  }

  /// Sets what takes the events, in the order they were posted. On the event loop only.
  func receive(_ body: @escaping (consuming [Event]) -> Void) { receiver.value = body }

  /// Adds an event. Returns false when the mailbox is closed: the event was not taken.
  @discardableResult
  func post(_ event: Event) -> Bool {
    let outcome = state.withLockedValue { state -> (isTaken: Bool, wake: Bool) in
      if state.isClosed { return (false, false) }
      state.events.append(event)
      if state.isAwake { return (true, false) }
      state.isAwake = true
      return (true, true)
    }
    if outcome.wake { eventLoop.execute { self.deliver() } }
    return outcome.isTaken
  }

  /// Refuses events from now on. Returns those that nobody took. On the event loop only.
  func close() -> [Event] {
    receiver.value = nil
    return state.withLockedValue { state in
      state.isClosed = true
      defer { state.events = [] }
      return state.events
    }
  }

  private func deliver() {
    let events = state.withLockedValue { state in
      state.isAwake = false
      defer { state.events = [] }
      return state.events
    }
    if !events.isEmpty { receiver.value?(events) }
  }
}
