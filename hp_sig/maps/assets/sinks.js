// Wherever a library writes a text into the page as HTML, only the markup of `rules` stays markup: the rest is shown as
// written. Gives the function that does it. The same as hp_sig.maps.standalone.sanitising; a test compares them.
(function (rules) {
    "use strict";
    var whole = {};
    Object.keys(rules.patterns).forEach(function (name) {
        whole[name] = new RegExp("^(?:" + rules.patterns[name] + ")$", "i");
    });
    var elements = new Set(rules.elements.concat(rules.drawing)), drawing = new Set(rules.drawing);
    var tag = new RegExp(rules.tag, "g"), attribute = new RegExp(rules.attribute, "g");

    function pattern(element, name) {
        var own = drawing.has(element) ? rules.own.drawing : rules.own[element];
        if (own && Object.hasOwn(own, name)) { return whole[own[name]]; }
        if (Object.hasOwn(rules.attributes, name)) { return whole[rules.attributes[name]]; }
        var prefix = Object.keys(rules.prefixes).find(function (start) { return name.startsWith(start); });
        return prefix && whole[rules.prefixes[prefix]];
    }

    function allowed(closing, element, attributes) {
        if (!elements.has(element)) { return false; }
        if (closing) { return attributes === ""; }
        for (var found of attributes.matchAll(attribute)) {
            var fits = pattern(element, found[1].toLowerCase());
            var value = [found[2], found[3], found[4], ""].find(function (text) { return text !== undefined; });
            if (!fits || !fits.test(value)) { return false; }
        }
        return true;
    }

    function shown(text) {
        text = String(text);
        if (text.indexOf("<") < 0) { return text; }
        return text.replace(tag, function (found, closing, element, attributes) {
            var comment = found.length > 1 && element === undefined;
            var kept = comment || (element && allowed(closing, element.toLowerCase(), attributes));
            return kept ? found : "&lt;" + found.slice(1);
        });
    }

    function guardSetter(type, property) {
        var was = type && Object.getOwnPropertyDescriptor(type.prototype, property);
        if (!was || !was.set) { return; }
        Object.defineProperty(type.prototype, property, {
            configurable: false,
            enumerable: was.enumerable,
            get: was.get,
            set: function (value) {
                // The content of a style sheet is no markup.
                var raw = this instanceof HTMLStyleElement || value === null;
                was.set.call(this, raw ? value : shown(value));
            }
        });
    }

    function guardMethod(owner, method, rank, applies) {
        var was = owner && owner[method];
        if (!was) { return; }
        owner[method] = function () {
            var given = Array.from(arguments);
            if (!applies || applies(given)) { given[rank] = shown(given[rank]); }
            return was.apply(this, given);
        };
    }

    // A paint may name a pattern of the page; any other address would be asked for. A backslash could hide one.
    function guardPaint(method, rank) {
        var was = Element.prototype[method];
        Element.prototype[method] = function () {
            var given = Array.from(arguments), name = String(given[rank]), value = String(given[rank + 1]);
            var isPaint = /^(?:fill|stroke|filter|mask|clip-path|cursor|marker-\w+)$/i.test(name);
            if (isPaint && (value.indexOf("\\") >= 0 || /url\(\s*["']?(?!#)/i.test(value))) { given[rank + 1] = "none"; }
            return was.apply(this, given);
        };
    }

    guardPaint("setAttribute", 0);
    guardPaint("setAttributeNS", 1);
    guardSetter(window.Element, "innerHTML");
    guardSetter(window.Element, "outerHTML");
    guardSetter(window.ShadowRoot, "innerHTML");
    guardSetter(window.HTMLIFrameElement, "srcdoc");
    guardMethod(Element.prototype, "insertAdjacentHTML", 1);
    guardMethod(Element.prototype, "setHTMLUnsafe", 0);
    guardMethod(window.ShadowRoot && ShadowRoot.prototype, "setHTMLUnsafe", 0);
    guardMethod(Range.prototype, "createContextualFragment", 0);
    guardMethod(Document, "parseHTMLUnsafe", 0);
    guardMethod(DOMParser.prototype, "parseFromString", 0, function (given) { return given[1] === "text/html"; });
    ["write", "writeln"].forEach(function (method) {
        var was = Document.prototype[method];
        Document.prototype[method] = function () { return was.call(this, shown(Array.from(arguments).join(""))); };
    });
    return shown;
})
