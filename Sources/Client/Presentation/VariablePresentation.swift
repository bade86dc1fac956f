package import HeadgateProto

extension Variable {
  /// The form for scripts; the value of a secret one is null.
  package var json: JSONValue {
    [
      "name": .string(name), "value": secret ? .null : .string(value), "secret": .bool(secret),
      "updated_at": .time(updatedAtUs),
    ]
  }
}

/// Variables as a table.
package enum VariableTable {
  package static func table(_ variables: [Variable], time: (Int64) -> String) -> Table {
    Table(
      [Table.Column("NAME", cutTo: 12), Table.Column("UPDATED"), Table.Column("VALUE", cutTo: 12)],
      rows: variables.map { variable in
        [
          Table.Cell(variable.name, .bold), Table.Cell(time(variable.updatedAtUs)),
          variable.secret ? Table.Cell("<secret>", .yellow) : Table.Cell(variable.value),
        ]
      })
  }
}
