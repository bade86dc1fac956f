import ArgumentParser
import HeadgateProto

/// `headgate customer`.
struct CustomerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "customer",
    abstract: "Customers that requests were bound to.",
    discussion: """
      Example: headgate customer list --contact ana@example.com
      """,
    subcommands: [CustomerList.self, CustomerShow.self])
}

/// `headgate customer list`.
struct CustomerList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List customers, newest first.",
    discussion: """
      --contact finds an e-mail address, a phone number, a document or a handle however it is written. With -o json the result is an object with \
      customers and next_cursor (null after the last).

      Example: headgate customer list --contact "+55 11 98888-7777"
      Example: headgate customer list --name maria --limit 10
      """)

  @Option(help: ArgumentHelp("Has this contact, of any kind.", valueName: "contact"))
  var contact: String?

  @Option(help: ArgumentHelp("Has this text in the name.", valueName: "text"))
  var name: String?

  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let customers = try await paging.read { size, cursor in
      let response = try await session.customers.list(
        ListCustomersRequest(
          workspace: session.workspace, contact: contact ?? "", name: name ?? "", pageSize: size, cursor: cursor))
      return (response.customers, response.nextCursor)
    }
    try screen.print(customers, named: "customers", json: \.summaryJSON) { CustomerTable.table($0, time: screen.time) }
  }
}

/// `headgate customer show`.
struct CustomerShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a customer with contacts and chats.",
    discussion: """
      Example: headgate customer show 01934a5e-0000-7000-8000-000000000000
      """)

  @Argument(help: "Id of the customer.")
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let customer = try await session.customers.get(GetCustomerRequest(workspace: session.workspace, id: id))
    guard screen.format == .table else { return try screen.print(customer.json) }
    var fields = Fields()
    fields.add("customer", customer.id, .bold)
    fields.addIfAny("name", customer.name)
    fields.addIfAny("email", customer.email)
    fields.addIfAny("phone", customer.phone)
    fields.addIfAny("document", customer.document)
    fields.add("created", screen.fullTime(customer.createdAtUs))
    fields.add("updated", screen.fullTime(customer.updatedAtUs))
    try screen.print(fields)
    if !customer.contacts.isEmpty {
      try screen.heading("contacts")
      try screen.print(CustomerTable.contacts(customer.contacts, time: screen.time))
    }
    if !customer.chats.isEmpty {
      try screen.heading("chats")
      try screen.print(CustomerTable.chats(customer.chats, time: screen.time))
    }
  }
}
