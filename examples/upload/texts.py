"""The texts of the page in three languages."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "Texts"]


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of the page in one language; ``code`` is its tag (RFC 5646), ``{}`` is filled in by page or script."""

    code: str
    endonym: str
    decimal: str
    title: str
    lead: str
    served: str
    other: str
    languages: str
    as_asked: str
    code_note: str
    send_title: str
    send_lead: str
    name: str
    message: str
    files: str
    drop: str
    files_hint: str
    over: str
    both: str
    sending: str
    received: str
    cancel: str
    chosen: str
    receipts: str
    refusals: str
    nothing: str
    server: str
    empty: str
    no_fields: str
    upload: str
    handler: str
    answer: str
    equal: str
    different: str
    lost: str
    unreadable: str
    limit_title: str
    limit_lead: str
    too_much: str
    refused: str
    anyway: str
    needs_script: str
    stream_title: str
    stream_lead: str
    listen: str
    streamed: str
    terminal: str
    receipt: str
    receipt_lead: str
    back: str
    error: str
    foot: str
    errors: dict[int, tuple[str, str]]
    """For each status what has happened, and what can be done; 500 stands for all others."""

    def bytes(self, n: int) -> str:
        """``n`` bytes as text, such as ``1.5 MB``, in decimal units as browsers use them."""
        if n < 1000:
            return f"{n} B"
        value, unit = float(n), ""
        for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007
            value /= 1000
            if value < 999.95:
                break
        return f"{value:.1f}".removesuffix(".0").replace(".", self.decimal) + f" {unit}"


ENGLISH = Texts(
    code="en",
    endonym="English",
    decimal=".",
    title="One function, two servers, the same receipt",
    lead="The form below goes to one Python function. gunicorn calls it over WSGI, uvicorn over ASGI. "
    "Send the form over both, and compare what it has read.",
    served="This page came over {} from {}.",
    other="See it over {}",
    languages="Language",
    as_asked="as my browser asks",
    code_note="{} lines of {}, as they run here",
    send_title="Send a form",
    send_lead="The function reads fields and files as plain properties. It does not know which server calls it.",
    name="Your name",
    message="Message",
    files="Files",
    drop="Drop files here, or click to choose",
    files_hint="At most {} together. Nothing is kept.",
    over="Send over {}",
    both="Send over both",
    sending="Sending over {}",
    received="Sent over {}; the server computes the checksums",
    cancel="Cancel",
    chosen="{} chosen",
    receipts="The receipts",
    refusals="The refusals",
    nothing="No answer yet.",
    server="Server",
    empty="empty",
    no_fields="The form was empty.",
    upload="Upload",
    handler="Handler",
    answer="Answer after",
    equal="Equal byte by byte, {} each. Nothing differs but the server.",
    different="These receipts differ. Was it the same form?",
    lost="The {} server does not answer.",
    unreadable="A file cannot be read. Please choose the files again.",
    limit_title="Send too much",
    limit_lead="The limit is one line. The script knows it and does not even begin to send. "
    "If you insist, each server refuses at once, and the browser still gets to read the answer.",
    too_much="Send {} of zeros",
    refused="{} is more than the {} that the server accepts. Nothing was sent.",
    anyway="Send it anyway",
    needs_script="This needs JavaScript. From a terminal:",
    stream_title="Listen to events",
    stream_lead="An async function, one event for each twelfth of a turn. "
    "The shafts of a cardan joint turn together, whichever protocol drives them.",
    listen="Turn once",
    streamed="{} events over {}.",
    terminal="From a terminal:",
    receipt="The receipt",
    receipt_lead="Go back in your browser: the form is still filled in. Send it over {}, "
    "and only the server will differ.",
    back="To an empty form",
    error="That did not work",
    foot="An example of cardan: one Request/Response API for WSGI and ASGI.",
    errors={
        400: ("The form is broken", "It could not be read. Please send it again."),
        404: ("There is no such page", "Please check the address."),
        405: ("This page cannot be used like that", "Please go back to the form."),
        413: ("That is too much", "The server accepts at most {}."),
        503: ("The server is busy", "Please try again in a moment."),
        500: ("That did not work", "Please go back to the form and try again."),
    },
)

GERMAN = Texts(
    code="de",
    endonym="Deutsch",
    decimal=",",
    title="Eine Funktion, zwei Server, dieselbe Quittung",
    lead="Das Formular geht an eine Python-Funktion. gunicorn ruft sie über WSGI auf, uvicorn über ASGI. "
    "Schick es über beide, und vergleiche, was sie gelesen hat.",
    served="Diese Seite kam über {} von {}.",
    other="Über {} ansehen",
    languages="Sprache",
    as_asked="wie mein Browser es wünscht",
    code_note="{} Zeilen aus {}, wie sie hier laufen",
    send_title="Ein Formular senden",
    send_lead="Die Funktion liest Felder und Dateien als gewöhnliche Attribute. "
    "Welcher Server sie ruft, weiß sie nicht.",
    name="Dein Name",
    message="Nachricht",
    files="Dateien",
    drop="Dateien hierher ziehen oder klicken",
    files_hint="Zusammen höchstens {}. Nichts wird behalten.",
    over="Über {} senden",
    both="Über beide senden",
    sending="Wird über {} gesendet",
    received="Über {} gesendet; der Server berechnet die Prüfsummen",
    cancel="Abbrechen",
    chosen="{} ausgewählt",
    receipts="Die Quittungen",
    refusals="Die Ablehnungen",
    nothing="Noch keine Antwort.",
    server="Server",
    empty="leer",
    no_fields="Das Formular war leer.",
    upload="Übertragung",
    handler="Funktion",
    answer="Antwort nach",
    equal="Byte für Byte gleich, je {}. Verschieden ist nur der Server.",
    different="Diese Quittungen sind verschieden. War es dasselbe Formular?",
    lost="Der {}-Server antwortet nicht.",
    unreadable="Eine Datei lässt sich nicht lesen. Bitte wähle die Dateien noch einmal.",
    limit_title="Zu viel senden",
    limit_lead="Die Grenze ist eine Zeile. Das Skript kennt sie und fängt gar nicht erst an zu senden. "
    "Wenn du darauf bestehst, lehnt jeder Server sofort ab, und der Browser bekommt die Antwort noch zu lesen.",
    too_much="{} Nullen senden",
    refused="{} sind mehr als die {}, die der Server annimmt. Es wurde nichts gesendet.",
    anyway="Trotzdem senden",
    needs_script="Das braucht JavaScript. In einem Terminal:",
    stream_title="Ereignissen zuhören",
    stream_lead="Eine async-Funktion, ein Ereignis für jede zwölftel Umdrehung. "
    "Die Wellen eines Kardangelenks drehen sich gemeinsam, gleich welches Protokoll sie antreibt.",
    listen="Einmal drehen",
    streamed="{} Ereignisse über {}.",
    terminal="In einem Terminal:",
    receipt="Die Quittung",
    receipt_lead="Geh im Browser zurück: das Formular ist noch ausgefüllt. Sende es über {}, "
    "und nur der Server wird ein anderer sein.",
    back="Zu einem leeren Formular",
    error="Das ging nicht",
    foot="Ein Beispiel für cardan: ein Request/Response-API für WSGI und ASGI.",
    errors={
        400: ("Das Formular ist beschädigt", "Es ließ sich nicht lesen. Bitte sende es noch einmal."),
        404: ("Diese Seite gibt es nicht", "Bitte prüfe die Adresse."),
        405: ("So lässt sich diese Seite nicht verwenden", "Bitte geh zurück zum Formular."),
        413: ("Das ist zu viel", "Der Server nimmt höchstens {} an."),
        503: ("Der Server ist überlastet", "Bitte versuche es gleich noch einmal."),
        500: ("Das ging nicht", "Bitte geh zurück zum Formular und versuche es noch einmal."),
    },
)

FRENCH = Texts(
    code="fr",
    endonym="Français",
    decimal=",",
    title="Une fonction, deux serveurs, le même reçu",
    lead="Le formulaire va à une seule fonction Python. gunicorn l’appelle en WSGI, uvicorn en ASGI. "
    "Envoyez-le par les deux, et comparez ce qu’elle a lu.",
    served="Cette page est venue en {} depuis {}.",
    other="La voir en {}",
    languages="Langue",
    as_asked="selon mon navigateur",
    code_note="{} lignes de {}, telles qu’elles s’exécutent ici",
    send_title="Envoyer un formulaire",
    send_lead="La fonction lit champs et fichiers comme de simples attributs. Elle ignore quel serveur l’appelle.",
    name="Votre nom",
    message="Message",
    files="Fichiers",
    drop="Déposez des fichiers ici, ou cliquez pour choisir",
    files_hint="Au plus {} en tout. Rien n’est gardé.",
    over="Envoyer en {}",
    both="Envoyer par les deux",
    sending="Envoi en {}",
    received="Envoyé en {} ; le serveur calcule les empreintes",
    cancel="Annuler",
    chosen="{} choisis",
    receipts="Les reçus",
    refusals="Les refus",
    nothing="Pas encore de réponse.",
    server="Serveur",
    empty="vide",
    no_fields="Le formulaire était vide.",
    upload="Envoi",
    handler="Fonction",
    answer="Réponse après",
    equal="Égaux à l’octet près, {} chacun. Seul le serveur diffère.",
    different="Ces reçus diffèrent. Était-ce le même formulaire ?",
    lost="Le serveur {} ne répond pas.",
    unreadable="Un fichier ne peut pas être lu. Veuillez choisir les fichiers de nouveau.",
    limit_title="Envoyer trop",
    limit_lead="La limite tient en une ligne. Le script la connaît et ne commence même pas l’envoi. "
    "Si vous insistez, chaque serveur refuse aussitôt, et le navigateur peut encore lire la réponse.",
    too_much="Envoyer {} de zéros",
    refused="{}, c’est plus que les {} que le serveur accepte. Rien n’a été envoyé.",
    anyway="Envoyer quand même",
    needs_script="Il y faut JavaScript. Dans un terminal :",
    stream_title="Écouter des événements",
    stream_lead="Une fonction async, un événement pour chaque douzième de tour. "
    "Les arbres d’un joint de cardan tournent ensemble, quel que soit le protocole qui les entraîne.",
    listen="Faire un tour",
    streamed="{} événements en {}.",
    terminal="Dans un terminal :",
    receipt="Le reçu",
    receipt_lead="Revenez en arrière dans votre navigateur : le formulaire est encore rempli. Envoyez-le en {}, "
    "et seul le serveur sera différent.",
    back="Vers un formulaire vide",
    error="Cela n’a pas marché",
    foot="Un exemple de cardan : une seule API Request/Response pour WSGI et ASGI.",
    errors={
        400: ("Le formulaire est abîmé", "Il n’a pas pu être lu. Veuillez l’envoyer de nouveau."),
        404: ("Cette page n’existe pas", "Veuillez vérifier l’adresse."),
        405: ("Cette page ne s’utilise pas ainsi", "Veuillez revenir au formulaire."),
        413: ("C’est trop", "Le serveur accepte au plus {}."),
        503: ("Le serveur est occupé", "Veuillez réessayer dans un instant."),
        500: ("Cela n’a pas marché", "Veuillez revenir au formulaire et réessayer."),
    },
)

LANGUAGES: dict[str, Texts] = {texts.code: texts for texts in (ENGLISH, GERMAN, FRENCH)}
"""The languages of the page; the first one is the default."""
