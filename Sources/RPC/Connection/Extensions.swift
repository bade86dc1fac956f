/// The extensions of ttrpc that a client may ask for in Hello.
struct ProtocolExtensions: OptionSet, Sendable, Hashable {
  /// The version of the extensions that this program speaks.
  static let version: UInt32 = 1

  let rawValue: UInt8

  static let ping = ProtocolExtensions(rawValue: 1)
  static let cancel = ProtocolExtensions(rawValue: 2)
  static let goAway = ProtocolExtensions(rawValue: 4)
  static let credit = ProtocolExtensions(rawValue: 8)

  static let all: ProtocolExtensions = [.ping, .cancel, .goAway, .credit]

  private static let names: [(ProtocolExtensions, String)] = [
    (.ping, "ping"), (.cancel, "cancel"), (.goAway, "goaway"), (.credit, "credit"),
  ]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The extensions named in Hello; unknown names are of a later version and are left out.
  init(names: [String]) {
    self.init(Self.names.filter { names.contains($0.1) }.map(\.0))
  }

  /// The names, in a fixed order.
  var names: [String] { Self.names.filter { contains($0.0) }.map(\.1) }
}
