# Tools that are of no use: each answers as such a tool would, and none touches the state.


def distractor_get_weather_forecast(place):
    fail("service_not_subscribed", "The forecast for " + place + " is not part of this organisation's plan.")


def distractor_convert_currency(amount, from_currency, to_currency):
    rates = {"GBP": 1.0, "EUR": 1.16, "USD": 1.27, "CHF": 1.11, "JPY": 191.4}
    for currency in (from_currency, to_currency):
        if currency not in rates:
            fail(
                "unknown_currency",
                "There is no rate for " + currency + "; there are: " + ", ".join(sorted(rates)) + ".",
            )
    return {"amount": round(amount / rates[from_currency] * rates[to_currency], 2), "currency": to_currency}


def distractor_list_public_holidays(year):
    return {"year": year, "holidays": [str(year) + "-01-01", str(year) + "-12-25", str(year) + "-12-26"]}


def distractor_search_intranet(query):
    return {"query": query, "pages": []}


def distractor_get_support_ticket(ticket):
    fail("ticket_not_found", "The supplier has no ticket " + ticket + ".")


def distractor_get_staff_rota(day):
    fail("rota_not_published", "The rota of " + day + " is not out yet.")


def distractor_translate_text(text, language):
    fail("language_not_available", "Translation into " + language + " is not offered.")


def distractor_get_system_status():
    return {"status": "operational", "checked": now()}
