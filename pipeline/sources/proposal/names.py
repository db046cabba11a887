"""What tables and columns are called elsewhere: in English, German, French, Spanish, Italian, Dutch, Norwegian."""

import difflib

from pipeline.config.slugs import plain as plain
from pipeline.sources.proposal import another_thing

TABLES = {
    "transactions": (
        "transactions transaction orders order sales sale purchases purchase invoices receipts baskets lines "
        "payments payment charges bestellungen bestellung zahlungen verkaeufe umsaetze umsatz rechnungen "
        "kassenbons commandes ventes achats pedidos ventas compras ordini vendite acquisti bestellingen verkopen "
        "aankopen ordrer salg kjop"
    ),
    "events": (
        "events event visits visit sessions logins clicks activity usage besuche besuch ereignisse visites "
        "visitas visite bezoeken besok hendelser"
    ),
    "contacts": (
        "contacts contact letters mailings mailing campaigns emails newsletters calls kampagnen anschreiben "
        "campagnes campanas campagne kampanjer"
    ),
    "tickets": (
        "tickets ticket complaints cases requests support service issues anfragen beschwerden reklamationen "
        "reclamations incidencias reclami klachten henvendelser klager"
    ),
    "surveys": (
        "surveys survey nps csat feedback ratings umfragen umfrage bewertungen enquetes encuestas sondaggi "
        "enquete undersokelser"
    ),
    "customers": (
        "customers customer clients client accounts contacts members users crm kunden kunde kundenstamm clientes "
        "clienti klanten kunder"
    ),
    "subscriptions": (
        "subscriptions subscription contracts contract plans vertraege vertrag abos abonnements contrats "
        "contratos suscripciones contratti abbonamenti contracten avtaler abonnementer"
    ),
    "loyalty": "loyalty points rewards bonus treuepunkte punkte fidelite puntos punti punten poeng",
    "commitments": "commitments promises followups zusagen engagements compromisos impegni toezeggingen lofter",
    "outcomes": (
        "outcomes outcome results rueckmeldungen ergebnisse resultats resultados risultati uitkomsten resultater"
    ),
}
DATES = "date datum at day time timestamp ts when created_at zeitpunkt tag fecha data dato jour moment tidspunkt"
COLUMNS = {
    "customer_id": (
        "customer_id customer_no customer_number customer_code customer client_id client_no client kundennummer "
        "kunden_nr kundennr kunden_id kunde kd_nr numero_client id_client code_client cliente_id id_cliente "
        "codigo_cliente cliente codice_cliente klantnummer klant_id klant kundenr kundenummer user_id user "
        "member_id member account_id account buyer_id household_id household shopper_id debitor debtor who "
        "customer_email email e_mail email_address"
    ),
    "transactions.transaction_id": (
        "transaction_id order_id order_no order_number order invoice_id invoice_no invoice receipt_id receipt "
        "basket_id basket document_no document_number bestellnummer bestell_nr bestellung auftragsnummer "
        "rechnungsnummer belegnummer beleg_nr "
        "numero_commande commande pedido_id numero_pedido pedido ordine numero_ordine bestelnummer ordrenr "
        "ordrenummer ordre id order_name"
    ),
    "transactions.ts": (
        "ordered_at order_date purchase_date purchased_at transaction_date transaction_timestamp invoice_date "
        "sale_date bestelldatum kaufdatum rechnungsdatum belegdatum date_commande date_achat fecha_pedido "
        f"fecha_compra data_ordine besteldatum orderdato paid_at processed_at created_at created {DATES}"
    ),
    "transactions.amount": (
        "amount total total_amount net_amount net_sales paid revenue sales_value line_total turnover price value "
        "betrag umsatz summe gesamtbetrag nettobetrag rechnungsbetrag positionsbetrag zeilenbetrag bruttobetrag "
        "gesamtpreis preis einzelpreis stueckpreis montant total_ttc prix importe monto precio importo totale bedrag "
        "prijs belop sum pris dollar_value subtotal"
    ),
    "transactions.quantity": "quantity qty pieces units menge anzahl stueck quantite cantidad quantita aantal antall",
    "transactions.list_amount": (
        "list_amount list_price regular_price full_price gross_sales listenpreis prix_catalogue precio_lista"
    ),
    "transactions.discount": (
        "discount saved rebate retail_disc rabatt rabattbetrag nachlass remise reduction descuento sconto korting"
    ),
    "transactions.personal_discount": "personal_discount voucher coupon_discount gutschein kundenrabatt",
    "transactions.cost": (
        "cost cost_price cogs einkaufspreis wareneinsatz kosten cout costo coste kostprijs innkjopspris"
    ),
    "transactions.product_id": (
        # What numbers a product first: names of products change, and two may share one.
        "product_id item_id sku stock_code article_id artikelnummer artikel_nr varenummer lineitem_sku item_sku "
        "product_sku isbn ean product item article artikel produkt produit producto articulo prodotto articolo vare"
    ),
    "transactions.category": (
        "category product_category kind group department kategorie warengruppe sparte categorie categoria "
        "kategori varegruppe genre"
    ),
    "transactions.store_id": (
        "store_id store shop_id shop branch location filiale laden magasin boutique tienda negozio winkel filial butikk"
    ),
    "transactions.channel": (
        "channel sales_channel via sold_in sold_via sold_through order_source source_name kanal vertriebskanal canal "
        "canale kanaal"
    ),
    "transactions.currency": "currency currency_code waehrung devise moneda valuta",
    "events.ts": f"visited_at event_time event_date besuchsdatum {DATES}",
    "events.event_type": "event_type event type what action kind ereignis art typ evenement evento aktion hendelse",
    "events.value": "value duration amount wert dauer valeur valor valore waarde verdi",
    "contacts.ts": f"sent_at sent contacted_at contact_date versanddatum gesendet_am {DATES}",
    "contacts.team": "team department abteilung equipe equipo afdeling",
    "contacts.channel": "channel medium via kanal canal canale kanaal",
    "contacts.purpose": "purpose subject campaign reason zweck betreff kampagne objet asunto oggetto onderwerp formal",
    "contacts.playbook": "playbook",
    "contacts.has_value": "has_value gave_value nuetzlich",
    "tickets.ticket_id": (
        "ticket_id ticket_no ticket case_id case request_id ticketnummer ticket_nr fallnummer vorgangsnummer "
        "numero_ticket incidencia saksnummer sak id"
    ),
    "tickets.opened_ts": (
        "opened_ts opened_at opened created_at created submitted eroeffnet_am eroeffnet erstellt_am eingang "
        f"ouvert_le abierto aperto geopend apnet {DATES}"
    ),
    "tickets.first_answer_ts": (
        "first_answer_ts first_answer first_response first_response_at answered_at erste_antwort beantwortet_am "
        "premiere_reponse primera_respuesta"
    ),
    "tickets.resolved_ts": (
        "resolved_ts resolved_at resolved closed_at closed solved_at solved resolved_on closed_on solved_on "
        "closed_date geschlossen_am geschlossen erledigt_am erledigt geloest_am ferme_le cerrado chiuso gesloten "
        "lukket lost"
    ),
    "tickets.reopened": "reopened reopens reopen_count times_reopened wiedereroeffnet",
    "tickets.topic": (
        "topic subject category reason about issue_type thema betreff kategorie grund sujet motif asunto motivo "
        "oggetto onderwerp reden emne arsak"
    ),
    "tickets.is_complaint": "is_complaint complaint beschwerde reklamation reclamation queja reclamo klacht klage",
    "tickets.is_dispute": "is_dispute dispute streitfall litige disputa",
    "surveys.ts": f"answered_at survey_date response_date antwortdatum {DATES}",
    "surveys.kind": "kind type survey survey_type art typ umfrage enquete encuesta",
    "surveys.score": (
        "score rating points answer grade nps csat nps_score csat_score note bewertung punkte puntuacion punteggio "
        "karakter"
    ),
    "surveys.touch_point": "touch_point touchpoint after anlass occasion",
    "customers.name": "name full_name customer_name company company_name firma kundenname nom nombre nome naam navn",
    "customers.owner": (
        "owner account_manager manager sales_rep sales_representative salesperson looked_after_by responsible "
        "betreuer kundenbetreuer ansprechpartner verkaeufer vertreter aussendienst zustaendig responsable "
        "commercial vendedor comercial gestore agente verantwoordelijke vertegenwoordiger ansvarlig selger"
    ),
    "customers.market": "market segment b2b_b2c customer_type kundentyp markt marche",
    "customers.signup_day": (
        "signup_day signup_date signup registered_at registered customer_since created_at member_since joined_at "
        "joined_on joined since registration_date create_date created_on created kunde_seit anmeldedatum "
        "angelegt_am client_depuis fecha_alta data_iscrizione klant_sinds registrert"
    ),
    "customers.country": "country country_code land pays pais paese",
    "customers.region": "region state province area territory district county bundesland gebiet canton provincia fylke",
    "customers.email_opt_in": "email_opt_in email_consent newsletter opt_in_email e_mail_erlaubt",
    "customers.phone_opt_in": "phone_opt_in phone_consent opt_in_phone anruf_erlaubt",
    "customers.sms_opt_in": "sms_opt_in sms_consent opt_in_sms sms_erlaubt",
    "customers.language": "language lang sprache langue idioma lingua taal sprak",
    "customers.strategic": "strategic key_account strategisch",
    "customers.strategic_reason": "strategic_reason",
    "customers.strategic_until": "strategic_until",
    "subscriptions.start_day": (
        "start_day start_date start begins valid_from from started_at started_on starts_at started period_start "
        "vertragsbeginn beginn von debut du inicio desde inizio dal begin van startdato fra"
    ),
    "subscriptions.end_day": (
        "end_day end_date end ends valid_to until to valid_until ended_at ended_on ends_at ended period_end expires_at "
        "expiry_date vertragsende ende bis fin au hasta fine al einde tot sluttdato til"
    ),
    "subscriptions.cancel_day": (
        "cancel_day cancelled_at canceled_at cancelled cancelled_on canceled_on cancel_date cancellation_date "
        "gekuendigt_am kuendigung resilie_le cancelado disdetta opgezegd oppsagt"
    ),
    # Not where the current period ends: that day moves on, and at a snapshot of the past it was another one.
    "subscriptions.renewal_day": "renewal_day renewal_date renewal verlaengerung renouvellement renovacion rinnovo",
    "subscriptions.plan": "plan product tariff tarif produkt abo forfait piano abonnement",
    "subscriptions.price_per_month": (
        "price_per_month monthly_price mrr price monatspreis preis prix_mensuel precio_mensual"
    ),
    "loyalty.ts": f"booked_at {DATES}",
    "loyalty.kind": "kind type movement art typ buchungsart tipo soort",
    "loyalty.points": "points amount punkte puntos punti punten poeng",
    "loyalty.expires_day": "expires_day expires_at expires expiry verfall verfaellt_am gueltig_bis",
    "commitments.made_ts": f"made_ts made_at promised_at promised_on zugesagt_am {DATES}",
    "commitments.promised_by": "promised_by by owner zugesagt_von von",
    "commitments.what": "what promise description zusage inhalt",
    "commitments.due_day": "due_day due_date due faellig_am faellig bis",
    "commitments.kept_day": "kept_day kept_at kept done_at erfuellt_am erledigt_am",
    "outcomes.as_of": "as_of week list_date",
    "outcomes.status": "status outcome result ergebnis",
    "outcomes.done_day": "done_day done_at done erledigt_am",
    "outcomes.response": "response answer reaktion antwort",
    "outcomes.note": "note notes comment comments bemerkung notiz",
}
LIKE, CLOSE = 0.8, 0.88


def column_score(table: str, column: str, name: str) -> float:
    """How sure a name (made `plain`) is to mean a column of ours: 1 is its own name, 0 is nothing known.

    >>> column_score("transactions", "customer_id", "kundennummer") > 0.8
    True
    >>> column_score("transactions", "amount", "kundennummer")
    0.0
    """
    known = COLUMNS.get(f"{table}.{column}", COLUMNS.get(column, column)).split()
    known = list(dict.fromkeys([column, *known]))
    if name in known:
        # The first names are the surest.
        return 1 - 0.25 * known.index(name) / len(known)
    words = set(name.split("_"))
    inside = [other for other in known if len(other) > 3 and set(other.split("_")) <= words]
    others = another_thing.words(f"{table}.{column}")
    inside = [other for other in inside if not (words - set(other.split("_"))) & others]
    if inside:
        # The fewer words besides, the surer: "start (utc)" before "subscription start (utc)".
        besides = min(len(words) - len(inside[0].split("_")), 5)
        return LIKE - 0.1 * known.index(inside[0]) / len(known) - 0.01 * besides
    close = difflib.get_close_matches(name, [other for other in known if len(other) > 5], n=1, cutoff=CLOSE)
    return LIKE - 0.15 if close else 0.0


def table_score(table: str, stem: str) -> float:
    """Whether a file's name says that it is a table of ours."""
    words = [word for word in plain(stem).split("_") if not word.isdigit()]
    known = TABLES.get(table, table).split()
    if any(word in known for word in words):
        return 1.0
    return (
        LIKE if any(difflib.get_close_matches(word, known, n=1, cutoff=CLOSE) for word in words if len(word) > 4) else 0
    )
