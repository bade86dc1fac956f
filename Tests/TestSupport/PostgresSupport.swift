import Foundation
import Postgres

/// Runs what blocks on a thread of its own, so that the few threads of Swift's tasks stay free.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    startThread(named: "blocking") { continuation.resume(with: Result { try body() }) }
  }
}

/// Lets so many tasks at a time through.
actor AsyncGate {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(width: Int) { free = width }

  func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

enum ProcessIdentity {
  static let id = ProcessInfo.processInfo.processIdentifier
}

/// 127.0.0.1 with a port, as the socket functions take it.
struct LoopbackAddress {
  private var storage: sockaddr_in

  init(port: Int) {
    storage = sockaddr_in()
    storage.sin_family = sa_family_t(AF_INET)
    storage.sin_port = UInt16(port).bigEndian
    storage.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
  }

  /// Port 0: the system chooses.
  static var any: LoopbackAddress { LoopbackAddress(port: 0) }

  mutating func bind(_ socket: CInt) -> Bool {
    withPointer { Foundation.bind(socket, $0, $1) } == 0
  }

  mutating func connect(_ socket: CInt) -> Bool {
    withPointer { Foundation.connect(socket, $0, $1) } == 0
  }

  static func port(of socket: CInt) -> Int? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    return status == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }

  private mutating func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
