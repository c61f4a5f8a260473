//! What the page itself says, in the languages it speaks.

use serde::Serialize;

/// The page's own words in one language.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Words {
    language: &'static str,
    pub(super) send: &'static str,
    pub(super) required: &'static str,
    pub(super) missing: &'static str,
    pub(super) wrong: &'static str,
    pub(super) thanks: &'static str,
    pub(super) answered: &'static str,
    pub(super) expired: &'static str,
    pub(super) unknown: &'static str,
    pub(super) later: &'static str,
    /// What the lowest and the highest score mean: of satisfaction, of recommendation, of ease.
    pub(super) satisfied: [&'static str; 2],
    pub(super) likely: [&'static str; 2],
    pub(super) easy: [&'static str; 2],
}

impl Words {
    /// The language they are in.
    pub(super) fn tag(&self) -> &'static str {
        self.language
    }
}

/// The words in `language`, else in its main language, else in English.
pub(super) fn words(language: &str) -> &'static Words {
    let main = language.split('-').next().unwrap_or_default();
    let found = ALL.iter().find(|words| words.language.eq_ignore_ascii_case(main));
    found.unwrap_or(&ENGLISH)
}

/// Which way a language is written.
pub(super) fn direction(language: &str) -> &'static str {
    const LEFTWARD: [&str; 10] = ["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ur", "yi"];
    let mut parts = language.split('-');
    let main = parts.next().unwrap_or_default();
    // A script, which stands second (RFC 5646, 2.2.3), decides over the language.
    let script = parts.next().filter(|part| part.len() == 4);
    let leftward = match script {
        Some(script) => ["Arab", "Hebr", "Thaa"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(script)),
        None => LEFTWARD.iter().any(|known| known.eq_ignore_ascii_case(main)),
    };
    if leftward { "rtl" } else { "ltr" }
}

const ENGLISH: Words = Words {
    language: "en",
    send: "Send",
    required: "required",
    missing: "Please answer this question.",
    wrong: "This answer is not possible. Please choose again.",
    thanks: "Thank you. Your answer has been saved.",
    answered: "You have already answered. Thank you.",
    expired: "This survey has ended. Thank you for your interest.",
    unknown: "This link is not valid. Please open the link from your message again.",
    later: "We cannot save your answer at the moment. Please try again in a few minutes.",
    satisfied: ["very dissatisfied", "very satisfied"],
    likely: ["not at all likely", "extremely likely"],
    easy: ["very difficult", "very easy"],
};

static ALL: [Words; 9] = [
    ENGLISH,
    Words {
        language: "de",
        send: "Absenden",
        required: "erforderlich",
        missing: "Bitte beantworten Sie diese Frage.",
        wrong: "Diese Antwort ist nicht möglich. Bitte wählen Sie noch einmal.",
        thanks: "Vielen Dank. Ihre Antwort wurde gespeichert.",
        answered: "Sie haben bereits geantwortet. Vielen Dank.",
        expired: "Diese Umfrage ist beendet. Vielen Dank für Ihr Interesse.",
        unknown: "Dieser Link ist nicht gültig. Bitte öffnen Sie den Link aus Ihrer Nachricht noch einmal.",
        later: "Wir können Ihre Antwort gerade nicht speichern. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        satisfied: ["sehr unzufrieden", "sehr zufrieden"],
        likely: ["sehr unwahrscheinlich", "sehr wahrscheinlich"],
        easy: ["sehr schwierig", "sehr einfach"],
    },
    Words {
        language: "fr",
        send: "Envoyer",
        required: "obligatoire",
        missing: "Veuillez répondre à cette question.",
        wrong: "Cette réponse n’est pas possible. Veuillez choisir à nouveau.",
        thanks: "Merci. Votre réponse a été enregistrée.",
        answered: "Vous avez déjà répondu. Merci.",
        expired: "Cette enquête est terminée. Merci de votre intérêt.",
        unknown: "Ce lien n’est pas valide. Veuillez ouvrir à nouveau le lien de votre message.",
        later: "Nous ne pouvons pas enregistrer votre réponse pour le moment. Veuillez réessayer dans quelques minutes.",
        satisfied: ["très insatisfait", "très satisfait"],
        likely: ["pas du tout probable", "extrêmement probable"],
        easy: ["très difficile", "très facile"],
    },
    Words {
        language: "es",
        send: "Enviar",
        required: "obligatorio",
        missing: "Por favor, responda a esta pregunta.",
        wrong: "Esta respuesta no es posible. Por favor, elija de nuevo.",
        thanks: "Gracias. Su respuesta se ha guardado.",
        answered: "Ya ha respondido. Gracias.",
        expired: "Esta encuesta ha terminado. Gracias por su interés.",
        unknown: "Este enlace no es válido. Por favor, abra de nuevo el enlace de su mensaje.",
        later: "No podemos guardar su respuesta en este momento. Inténtelo de nuevo en unos minutos.",
        satisfied: ["muy insatisfecho", "muy satisfecho"],
        likely: ["nada probable", "muy probable"],
        easy: ["muy difícil", "muy fácil"],
    },
    Words {
        language: "pt",
        send: "Enviar",
        required: "obrigatório",
        missing: "Por favor, responda a esta pergunta.",
        wrong: "Esta resposta não é possível. Por favor, escolha novamente.",
        thanks: "Obrigado. A sua resposta foi guardada.",
        answered: "Já respondeu. Obrigado.",
        expired: "Este inquérito terminou. Obrigado pelo seu interesse.",
        unknown: "Esta ligação não é válida. Por favor, abra novamente a ligação da sua mensagem.",
        later: "Não podemos guardar a sua resposta neste momento. Tente novamente dentro de alguns minutos.",
        satisfied: ["muito insatisfeito", "muito satisfeito"],
        likely: ["nada provável", "muito provável"],
        easy: ["muito difícil", "muito fácil"],
    },
    Words {
        language: "ar",
        send: "إرسال",
        required: "مطلوب",
        missing: "يرجى الإجابة عن هذا السؤال.",
        wrong: "هذه الإجابة غير ممكنة. يرجى الاختيار مرة أخرى.",
        thanks: "شكرًا لك. تم حفظ إجابتك.",
        answered: "لقد أجبت من قبل. شكرًا لك.",
        expired: "انتهى هذا الاستبيان. شكرًا لاهتمامك.",
        unknown: "هذا الرابط غير صالح. يرجى فتح الرابط من رسالتك مرة أخرى.",
        later: "لا يمكننا حفظ إجابتك الآن. يرجى المحاولة مرة أخرى بعد بضع دقائق.",
        satisfied: ["غير راضٍ إطلاقًا", "راضٍ جدًا"],
        likely: ["غير محتمل إطلاقًا", "محتمل جدًا"],
        easy: ["صعب جدًا", "سهل جدًا"],
    },
    Words {
        language: "he",
        send: "שליחה",
        required: "חובה",
        missing: "נא לענות על השאלה הזו.",
        wrong: "התשובה הזו אינה אפשרית. נא לבחור שוב.",
        thanks: "תודה. התשובה שלך נשמרה.",
        answered: "כבר ענית. תודה.",
        expired: "הסקר הסתיים. תודה על ההתעניינות.",
        unknown: "הקישור אינו תקין. נא לפתוח שוב את הקישור מההודעה.",
        later: "לא ניתן לשמור את התשובה כרגע. נא לנסות שוב בעוד כמה דקות.",
        satisfied: ["מאוד לא מרוצה", "מרוצה מאוד"],
        likely: ["כלל לא סביר", "סביר מאוד"],
        easy: ["קשה מאוד", "קל מאוד"],
    },
    Words {
        language: "zh",
        send: "提交",
        required: "必填",
        missing: "请回答此问题。",
        wrong: "此答案无效，请重新选择。",
        thanks: "谢谢！您的回答已保存。",
        answered: "您已经回答过了，谢谢！",
        expired: "本次调查已结束，感谢您的关注。",
        unknown: "此链接无效，请重新打开消息中的链接。",
        later: "暂时无法保存您的回答，请几分钟后再试。",
        satisfied: ["非常不满意", "非常满意"],
        likely: ["完全不可能", "非常可能"],
        easy: ["非常困难", "非常容易"],
    },
    Words {
        language: "ja",
        send: "送信",
        required: "必須",
        missing: "この質問にお答えください。",
        wrong: "この回答は選べません。もう一度お選びください。",
        thanks: "ありがとうございます。回答を保存しました。",
        answered: "すでにご回答いただいています。ありがとうございます。",
        expired: "このアンケートは終了しました。ご関心をお寄せいただきありがとうございます。",
        unknown: "このリンクは無効です。メッセージのリンクをもう一度開いてください。",
        later: "現在、回答を保存できません。数分後にもう一度お試しください。",
        satisfied: ["とても不満", "とても満足"],
        likely: ["まったく思わない", "強くそう思う"],
        easy: ["とても難しい", "とても簡単"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_persons_language_or_english() {
        assert_eq!(words("de-AT").send, "Absenden");
        assert_eq!(words("ZH-Hant").language, "zh");
        assert_eq!(words("tlh").language, "en");
    }

    #[test]
    fn a_script_decides_which_way_it_is_written() {
        for (language, way) in [
            ("ar-EG", "rtl"),
            ("HE", "rtl"),
            ("de", "ltr"),
            ("az-Arab", "rtl"),
            ("ur-Latn", "ltr"),
        ] {
            assert_eq!(direction(language), way, "{language}");
        }
    }
}
