package import Addresses
package import Identifiers

/// One HTTP request to a trigger, as the edge node received it.
package struct IncomingRequest: Sendable {
  /// Made by the edge node; what the caller gets as the request's id.
  package var id: UniqueID
  /// Upper-case, as received.
  package var method: [UInt8]
  /// What follows the key in the URL's path, percent-encoded as received, with its leading "/"; empty if nothing does.
  package var path: [UInt8]
  /// The URL's query without "?", as received.
  package var query: [UInt8]
  /// In the order received.
  package var headers: [HeaderField]
  /// The exact bytes received, after transfer decoding, before content decoding.
  package var body: [UInt8]
  /// The client's address after trusted proxies; `nil` when the edge node did not say.
  package var clientAddress: IPAddress?
  /// When the edge node had read the request's head: microseconds since 1970 UTC.
  package var receivedAtUs: Int64
  /// The public base of the edge node, such as "https://hooks.example.com", for schemes that sign the URL.
  package var baseURL: [UInt8]
  /// The trigger's key in the URL, for schemes that sign the URL.
  package var triggerKey: [UInt8]

  /// Makes a request; what is left out is empty.
  package init(
    id: UniqueID = UniqueID(high: 0, low: 0), method: [UInt8] = Array("POST".utf8), path: [UInt8] = [], query: [UInt8] = [],
    headers: [HeaderField] = [],
    body: [UInt8] = [], clientAddress: IPAddress? = nil, receivedAtUs: Int64 = 0, baseURL: [UInt8] = [],
    triggerKey: [UInt8] = []
  ) {
    self.id = id
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.clientAddress = clientAddress
    self.receivedAtUs = receivedAtUs
    self.baseURL = baseURL
    self.triggerKey = triggerKey
  }

  /// The first field of that lower-case name, and how many there are.
  package func header(_ name: [UInt8]) -> (value: [UInt8]?, count: Int) {
    var first: [UInt8]?
    var count = 0
    for field in headers where field.name == name {
      if first == nil { first = field.value }
      count += 1
    }
    return (first, count)
  }

  /// The `Origin` field (RFC 6454 §7) when there is exactly one; `nil` otherwise.
  package var origin: [UInt8]? {
    let found = header(Self.originName)
    return found.count == 1 ? found.value : nil
  }

  private static let originName = Array("origin".utf8)
}
