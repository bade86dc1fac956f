import COpenSSL

/// Bytes that must not be seen: a key, a token, a private key's text.
///
/// The memory lies in OpenSSL's secure heap (locked against swapping, left out of core dumps, between guard pages) as far
/// as the system allows that; when the heap is full it is ordinary memory. Either way it is overwritten with zeros on
/// release. Description, debug description and mirror show the length only.
///
/// Copies made by callers (`revealed()`, a `String`) are beyond this type's reach: keep them short-lived.
// `@unchecked`: the pointer is written only in `init` and freed only in `deinit`.
package final class SecretBytes: @unchecked Sendable {
  /// How many bytes.
  package let count: Int
  private let pointer: UnsafeMutableRawPointer
  private let isInSecureHeap: Bool

  /// Makes a secret of `count` zero bytes and lets `initialize` write them.
  ///
  /// - Throws: what `initialize` throws; the memory is wiped and released before.
  package init(count: Int, initializing initialize: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    precondition(count >= 0)
    self.count = count
    let size = max(count, 1)
    if SecureHeap.isReady, let memory = CRYPTO_secure_zalloc(size, nil, 0) {
      pointer = memory
      isInSecureHeap = true
    } else {
      pointer = .allocate(byteCount: size, alignment: 16)
      pointer.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      isInSecureHeap = false
    }
    do {
      try initialize(UnsafeMutableRawBufferPointer(start: pointer, count: count))
    } catch {
      // All stored properties are set, so `deinit` wipes and releases.
      throw error
    }
  }

  /// Copies the bytes of `source`.
  package convenience init(copying source: some ByteSource) {
    self.init(copyingTogether: source)
  }

  private convenience init(copyingTogether source: some ByteSource) {
    let count = source.withBytes(\.count)
    self.init(count: count) { target in
      source.withBytes { target.copyMemory(from: $0) }
    }
  }

  deinit {
    let size = max(count, 1)
    if isInSecureHeap {
      CRYPTO_secure_clear_free(pointer, size, nil, 0)
    } else {
      OPENSSL_cleanse(pointer, size)
      pointer.deallocate()
    }
  }

  /// Whether there are no bytes.
  package var isEmpty: Bool { count == 0 }

  /// A secret of random bytes from OpenSSL's private generator.
  package static func random(count: Int) -> SecretBytes {
    SecretBytes(count: count) { SecureRandom.fill($0) }
  }

  /// An ordinary copy of the bytes, for the places that must hand them on (revealing a token, writing a key file).
  package func revealed() -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
  }
}

extension SecretBytes: ByteSource {
  /// Calls `body` with the bytes, which are valid only during the call.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: pointer, count: count))
  }
}

extension SecretBytes: Equatable {
  /// Compares in a time that depends on the lengths only.
  package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
    constantTimeEqual(left, right)
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Never the bytes.
  package var description: String { "<redacted, \(count) bytes>" }
  /// Never the bytes.
  package var debugDescription: String { description }
  /// Without children.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// OpenSSL's secure heap, set up once for the process.
private enum SecureHeap {
  /// Bytes of address space; pages are locked as they are used. A power of two.
  static let capacity = 4 << 20
  /// The smallest block; a power of two.
  static let smallestBlock = 32

  /// Whether there is a secure heap. 0 means that OpenSSL could not make one, 2 that its pages cannot be locked.
  static let isReady = CRYPTO_secure_malloc_init(capacity, smallestBlock) != 0
}

/// Overwrites an array that held a secret, as far as no other copy of it exists.
package func wipe(_ bytes: inout [UInt8]) {
  bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}
