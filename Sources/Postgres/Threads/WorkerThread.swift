import CPostgres
import Glibc

/// Runs a body on a new detached thread.
///
/// - Parameter name: at most 15 bytes are shown by the system.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
  let box = Unmanaged.passRetained(ThreadBody(name: name, run: body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      // SAFETY: `argument` is the retained box above; this is the only place that takes it back.
      guard let argument else { return nil }
      let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
      headgate_name_thread(body.name)
      body.run()
      return nil
    }, box.toOpaque())
  // Threads are made at start only; a system that cannot give one cannot run this program.
  precondition(status == 0, "no thread can be made (error \(status))")
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}
