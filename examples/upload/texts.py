"""The texts of the page in three languages."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "Texts"]


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of the page in one language; ``code`` is its tag (RFC 5646), ``{}`` is filled in by the page."""

    code: str
    endonym: str
    decimal: str
    title: str
    lead: str
    served: str
    form: str
    name: str
    name_hint: str
    message: str
    language: str
    language_auto: str
    files: str
    drop: str
    files_hint: str
    send: str
    sending: str
    received: str
    cancel: str
    chosen: str
    failed: str
    result: str
    result_lead: str
    again: str
    fields: str
    no_fields: str
    no_files: str
    empty: str
    type: str
    size: str
    cookies: str
    no_cookies: str
    language_seen: str
    language_by_field: str
    language_by_cookie: str
    language_by_header: str
    language_by_default: str
    journey: str
    protocol: str
    server: str
    handler: str
    handler_thread: str
    body: str
    body_wsgi: str
    body_asgi: str
    as_json: str
    error: str
    back: str
    foot: str

    def bytes(self, n: int) -> str:
        """``n`` bytes as text, such as ``1.5 MB``, in decimal units as browsers use them."""
        if n < 1000:
            return f"{n} B"
        value, unit = float(n), ""
        for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007
            value /= 1000
            if value < 999.95:
                break
        return f"{value:.1f} {unit}".replace(".", self.decimal)


ENGLISH = Texts(
    code="en",
    endonym="English",
    decimal=".",
    title="One page, two servers",
    lead="The same object answers over WSGI and over ASGI. Send it a form and see what it saw.",
    served="This page came over {} from {}.",
    form="Send something",
    name="Your name",
    name_hint="Any script, any length up to 500 kB.",
    message="Message",
    language="Language of the answer",
    language_auto="as my browser asks",
    files="Files",
    drop="Drop files here, or click to choose",
    files_hint="Several are fine, gigabytes too. Nothing is kept afterwards.",
    send="Send",
    sending="Sending",
    received="Sent; the server is computing the checksums",
    cancel="Cancel",
    chosen="{} chosen",
    failed="The upload did not go through.",
    result="What the library saw",
    result_lead="Read by one request class, the same on both protocols.",
    again="Send another",
    fields="Fields",
    no_fields="No text fields came.",
    no_files="No files came.",
    empty="empty",
    type="Type",
    size="Size",
    cookies="Cookies",
    no_cookies="None came with this request; the answer sets “visits”.",
    language_seen="Language",
    language_by_field="chosen in the form",
    language_by_cookie="chosen earlier, kept in a cookie",
    language_by_header="negotiated from Accept-Language",
    language_by_default="nothing that this page speaks was asked for",
    journey="How it came",
    protocol="Protocol",
    server="Server",
    handler="Handler",
    handler_thread="a plain def, in the thread “{}”",
    body="Body",
    body_wsgi="read from wsgi.input by the request’s own thread; large files went to disk",
    body_asgi="pulled from the event loop by the worker thread, in batches; large files went to disk",
    as_json="The same as JSON, byte for byte equal on both servers:",
    error="That did not work",
    back="Back to the form",
    foot="An example of cardan: one Request/Response API for WSGI and ASGI.",
)

GERMAN = Texts(
    code="de",
    endonym="Deutsch",
    decimal=",",
    title="Eine Seite, zwei Server",
    lead="Dasselbe Objekt antwortet über WSGI und über ASGI. Schick ihm ein Formular und sieh, was es sah.",
    served="Diese Seite kam über {} von {}.",
    form="Etwas senden",
    name="Dein Name",
    name_hint="Jede Schrift, jede Länge bis 500 kB.",
    message="Nachricht",
    language="Sprache der Antwort",
    language_auto="wie mein Browser es wünscht",
    files="Dateien",
    drop="Dateien hierher ziehen oder klicken",
    files_hint="Gern mehrere, gern Gigabytes. Danach wird nichts behalten.",
    send="Senden",
    sending="Wird gesendet",
    received="Gesendet; der Server berechnet die Prüfsummen",
    cancel="Abbrechen",
    chosen="{} ausgewählt",
    failed="Die Übertragung ist gescheitert.",
    result="Was die Bibliothek sah",
    result_lead="Gelesen von einer einzigen Request-Klasse, gleich auf beiden Protokollen.",
    again="Noch etwas senden",
    fields="Felder",
    no_fields="Es kamen keine Textfelder.",
    no_files="Es kamen keine Dateien.",
    empty="leer",
    type="Typ",
    size="Größe",
    cookies="Cookies",
    no_cookies="Mit dieser Anfrage kam keines; die Antwort setzt „visits“.",
    language_seen="Sprache",
    language_by_field="im Formular gewählt",
    language_by_cookie="früher gewählt, in einem Cookie gemerkt",
    language_by_header="aus Accept-Language ausgehandelt",
    language_by_default="gewünscht war nichts, was diese Seite spricht",
    journey="Wie es kam",
    protocol="Protokoll",
    server="Server",
    handler="Handler",
    handler_thread="ein gewöhnliches def, im Thread „{}“",
    body="Rumpf",
    body_wsgi="vom Thread der Anfrage aus wsgi.input gelesen; große Dateien gingen auf die Platte",
    body_asgi="vom Arbeits-Thread aus der Ereignisschleife geholt, stoßweise; große Dateien gingen auf die Platte",
    as_json="Dasselbe als JSON, auf beiden Servern Byte für Byte gleich:",
    error="Das ging nicht",
    back="Zurück zum Formular",
    foot="Ein Beispiel für cardan: ein Request/Response-API für WSGI und ASGI.",
)

FRENCH = Texts(
    code="fr",
    endonym="Français",
    decimal=",",
    title="Une page, deux serveurs",
    lead="Le même objet répond en WSGI et en ASGI. Envoyez-lui un formulaire et voyez ce qu’il a vu.",
    served="Cette page est venue en {} depuis {}.",
    form="Envoyer quelque chose",
    name="Votre nom",
    name_hint="Toute écriture, toute longueur jusqu’à 500 kB.",
    message="Message",
    language="Langue de la réponse",
    language_auto="selon mon navigateur",
    files="Fichiers",
    drop="Déposez des fichiers ici, ou cliquez pour choisir",
    files_hint="Plusieurs, même des gigaoctets. Rien n’est gardé ensuite.",
    send="Envoyer",
    sending="Envoi en cours",
    received="Envoyé ; le serveur calcule les empreintes",
    cancel="Annuler",
    chosen="{} choisis",
    failed="L’envoi n’a pas abouti.",
    result="Ce que la bibliothèque a vu",
    result_lead="Lu par une seule classe de requête, la même dans les deux protocoles.",
    again="Envoyer autre chose",
    fields="Champs",
    no_fields="Aucun champ de texte n’est venu.",
    no_files="Aucun fichier n’est venu.",
    empty="vide",
    type="Type",
    size="Taille",
    cookies="Cookies",
    no_cookies="Aucun n’accompagnait cette requête ; la réponse pose « visits ».",
    language_seen="Langue",
    language_by_field="choisie dans le formulaire",
    language_by_cookie="choisie plus tôt, gardée dans un cookie",
    language_by_header="négociée d’après Accept-Language",
    language_by_default="rien de demandé que cette page parle",
    journey="Comment c’est venu",
    protocol="Protocole",
    server="Serveur",
    handler="Fonction",
    handler_thread="un simple def, dans le fil « {} »",
    body="Corps",
    body_wsgi="lu dans wsgi.input par le fil de la requête ; les grands fichiers vont sur disque",
    body_asgi="tiré de la boucle d’événements par le fil de travail, par lots ; les grands fichiers vont sur disque",
    as_json="La même chose en JSON, égale à l’octet près sur les deux serveurs :",
    error="Cela n’a pas marché",
    back="Retour au formulaire",
    foot="Un exemple de cardan : une seule API Request/Response pour WSGI et ASGI.",
)

LANGUAGES: dict[str, Texts] = {texts.code: texts for texts in (ENGLISH, GERMAN, FRENCH)}
"""The languages of the page; the first one is the default."""
