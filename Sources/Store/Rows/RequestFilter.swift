package import Identifiers
package import Postgres

/// Which requests a query of the log wants. Empty and `nil` fields do not restrict.
package struct RequestFilter: Hashable, Sendable {
  package var trigger: UniqueID?
  /// Requests of any trigger that the flow has or had.
  package var flow: UniqueID?
  package var outcomes: [Int16]
  package var causes: [Int16]
  package var status: Int16?
  /// Equal to this event value, where an empty one is also that of a request without event.
  package var event: [UInt8]?
  package var address: AddressBlock?
  /// Received at or after.
  package var since: UnixTime?
  /// Received before.
  package var until: UnixTime?
  package var deliveryID: [UInt8]?
  package var customer: UniqueID?
  package var chat: UniqueID?
  /// The body holds this text; A to Z and a to z are alike.
  package var bodyText: String?
  /// The body is JSON that contains this JSON (UTF-8), as PostgreSQL's `@>` has it.
  package var bodyJSON: [UInt8]?

  /// Makes a filter; what is left out does not restrict.
  package init(
    trigger: UniqueID? = nil, flow: UniqueID? = nil, outcomes: [Int16] = [], causes: [Int16] = [], status: Int16? = nil,
    event: [UInt8]? = nil, address: AddressBlock? = nil, since: UnixTime? = nil, until: UnixTime? = nil,
    deliveryID: [UInt8]? = nil, customer: UniqueID? = nil, chat: UniqueID? = nil, bodyText: String? = nil,
    bodyJSON: [UInt8]? = nil
  ) {
    self.trigger = trigger
    self.flow = flow
    self.outcomes = outcomes
    self.causes = causes
    self.status = status
    self.event = event
    self.address = address
    self.since = since
    self.until = until
    self.deliveryID = deliveryID
    self.customer = customer
    self.chat = chat
    self.bodyText = bodyText
    self.bodyJSON = bodyJSON
  }

  /// A CIDR block.
  package struct AddressBlock: Hashable, Sendable {
    /// 4 or 16 bytes in network order.
    package var address: [UInt8]
    /// 0 to 32, or 0 to 128.
    package var prefixLength: Int

    /// Makes a block.
    package init(address: [UInt8], prefixLength: Int) {
      self.address = address
      self.prefixLength = prefixLength
    }

    /// One address and no more.
    var isSingle: Bool { prefixLength == address.count * 8 }

    /// The block's last address.
    var last: [UInt8] {
      address.enumerated().map { index, byte in
        let fixed = min(max(prefixLength - index * 8, 0), 8)
        return byte | UInt8(truncatingIfNeeded: 0xff >> fixed)
      }
    }

    /// The block's first address.
    var first: [UInt8] {
      address.enumerated().map { index, byte in
        let fixed = min(max(prefixLength - index * 8, 0), 8)
        return byte & ~UInt8(truncatingIfNeeded: 0xff >> fixed)
      }
    }
  }
}
