//! What the alert of a late roster says, in each language: one that is lacking does not compile.

use rollover_jobs::Language;

/// By the customer's clock.
pub(super) struct Moments {
    pub since: String,
    pub due: String,
    /// When the last one came, if any has.
    pub newest: Option<String>,
}

pub(super) struct Words {
    /// As HTML names the language.
    pub code: &'static str,
    pub verdict: &'static str,
    /// Stands before the customer's name.
    pub roster_of: &'static str,
    /// Of the customer and the moment it was due.
    pub subject: fn(&str, &str) -> String,
    pub happened: fn(&Moments) -> String,
    /// Why looking for one now did not work: a fragment, in English.
    pub trouble: fn(&str) -> String,
    pub next_label: &'static str,
    pub next: &'static str,
    pub customers_page: &'static str,
}

pub(super) const fn words_of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Bokmal => &BOKMAL,
        Language::Swedish => &SWEDISH,
    }
}

const ENGLISH: Words = Words {
    code: "en",
    verdict: "Late",
    roster_of: "Roster of",
    subject: |customer, due| format!("Roster of {customer} has not come by {due}"),
    happened: |Moments { since, due, newest }| {
        let newest = newest.as_ref().map_or_else(
            || "None has come so far.".to_owned(),
            |newest| format!("The newest came on {newest}."),
        );
        format!("No roster came between {since} and {due}, when one was due. {newest}")
    },
    trouble: |why| format!("Looking for one now did not work: {why}."),
    next_label: "Next",
    next: "see whether the MIS has sent its roster and the place it comes from can be reached, and ask the customer. \
           Nothing was changed at the site. A roster that comes later is taken in by the next import.",
    customers_page: "The customer's page",
};

const BOKMAL: Words = Words {
    code: "nb",
    verdict: "Forsinket",
    roster_of: "Importfilen for",
    subject: |customer, due| format!("Importfilen for {customer} var ikke kommet {due}"),
    happened: |Moments { since, due, newest }| {
        let newest = newest.as_ref().map_or_else(
            || "Ingen er kommet så langt.".to_owned(),
            |newest| format!("Den nyeste kom {newest}."),
        );
        format!("Det kom ingen importfil mellom {since} og {due}, da den skulle vært her. {newest}")
    },
    trouble: |why| format!("Det lyktes ikke å se etter en fil nå; årsaken er beskrevet på engelsk: {why}."),
    next_label: "Neste steg",
    next: "Sjekk om det skoleadministrative systemet har sendt filen, og om stedet den hentes fra, er tilgjengelig, og \
           spør kunden. Ingenting ble endret på læringsplattformen. En fil som kommer senere, leses inn av neste import.",
    customers_page: "Siden for kunden",
};

const SWEDISH: Words = Words {
    code: "sv",
    verdict: "Försenad",
    roster_of: "Importfilen för",
    subject: |customer, due| format!("Importfilen för {customer} hade inte kommit {due}"),
    happened: |Moments { since, due, newest }| {
        let newest = newest.as_ref().map_or_else(
            || "Ingen har kommit hittills.".to_owned(),
            |newest| format!("Den senaste kom {newest}."),
        );
        format!("Det kom ingen importfil mellan {since} och {due}, då den skulle ha varit här. {newest}")
    },
    trouble: |why| format!("Det gick inte att leta efter en fil nu; orsaken beskrivs på engelska: {why}."),
    next_label: "Nästa steg",
    next: "Kontrollera om det skoladministrativa systemet har skickat filen och om platsen den hämtas från går att nå, \
           och fråga kunden. Ingenting ändrades i lärplattformen. En fil som kommer senare läses in av nästa import.",
    customers_page: "Kundens sida",
};
