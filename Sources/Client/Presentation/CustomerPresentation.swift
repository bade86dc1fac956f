package import HeadgateProto

extension Customer {
  /// The form for scripts, as in lists.
  package var summaryJSON: JSONValue {
    [
      "id": .string(id),
      "name": .textOrNull(name),
      "email": .textOrNull(email),
      "phone": .textOrNull(phone),
      "document": .textOrNull(document),
      "created_at": .time(createdAtUs),
      "updated_at": .time(updatedAtUs),
    ]
  }

  /// The form for scripts, with contacts and chats.
  package var json: JSONValue {
    var json = summaryJSON
    json.set("contacts", .array(contacts.map(\.json)))
    json.set("chats", .array(chats.map(\.json)))
    return json
  }
}

extension CustomerContact {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "kind": .string(kind),
      "value": .string(value),
      "original": .textIfUTF8(original),
      "direct": .bool(direct),
      "created_at": .time(createdAtUs),
    ]
  }
}

extension Chat {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id),
      "channel": .string(channel),
      "contact": .string(contact),
      "original": .textIfUTF8(original),
      "customer_id": .textOrNull(customerId),
      "created_at": .time(createdAtUs),
    ]
  }
}

/// Customers, their contacts and chats as tables.
package enum CustomerTable {
  package static func table(_ customers: [Customer], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("ID"), Table.Column("NAME", cutTo: 8), Table.Column("EMAIL", cutTo: 10),
        Table.Column("PHONE", cutTo: 10, fallback: .leftOut(rank: 2)), Table.Column("CREATED", fallback: .leftOut(rank: 1)),
      ],
      rows: customers.map { customer in
        [
          Table.Cell(customer.id), Table.Cell(customer.name), Table.Cell(customer.email), Table.Cell(customer.phone),
          Table.Cell(time(customer.createdAtUs)),
        ]
      })
  }

  package static func contacts(_ contacts: [CustomerContact], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("KIND"), Table.Column("VALUE", cutTo: 16),
        Table.Column("AS IT CAME", cutTo: 12, fallback: .leftOut(rank: 1)),
        Table.Column("SINCE"),
      ],
      rows: contacts.map { contact in
        [
          Table.Cell(contact.kind, contact.direct ? .bold : .plain), Table.Cell(contact.value), Table.Cell(contact.original),
          Table.Cell(time(contact.createdAtUs)),
        ]
      })
  }

  package static func chats(_ chats: [Chat], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("ID"), Table.Column("CHANNEL"), Table.Column("CONTACT", cutTo: 14),
        Table.Column("CUSTOMER", fallback: .leftOut(rank: 2)), Table.Column("CREATED", fallback: .leftOut(rank: 1)),
      ],
      rows: chats.map { chat in
        [
          Table.Cell(chat.id), Table.Cell(chat.channel), Table.Cell(chat.contact), Table.Cell(chat.customerId),
          Table.Cell(time(chat.createdAtUs)),
        ]
      })
  }
}
