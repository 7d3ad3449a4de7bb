// What Leaflet and its plugins say in English, in French; the images of a default marker, which they look for in a file.
(function (texts, images) {
    "use strict";
    function after(type, method, change) {
        if (!type) { return; }
        var was = type.prototype[method];
        type.prototype[method] = function () {
            var given = was.apply(this, arguments);
            change(this);
            return given;
        };
    }

    function nameLayers(control) {
        if (control._layersLink) {
            control._layersLink.title = texts.layers;
            control._layersLink.setAttribute("aria-label", texts.layers);
        }
    }

    L.Icon.Default.mergeOptions(images);
    L.Marker.mergeOptions({alt: texts.marker});
    L.Control.Zoom.mergeOptions({zoomInTitle: texts.zoom_in, zoomOutTitle: texts.zoom_out});
    L.Control.Attribution.mergeOptions({prefix: "Leaflet"});
    L.Control.Scale.mergeOptions({imperial: false});
    after(L.Control.Layers, "_initLayout", nameLayers);
    after(L.Control.GroupedLayers, "_initLayout", nameLayers);
    after(L.Popup, "_initLayout", function (popup) {
        if (popup._closeButton) { popup._closeButton.setAttribute("aria-label", texts.close); }
    });
    if (L.Control.Search) {
        L.Control.Search.mergeOptions({
            textErr: texts.not_found, textCancel: texts.cancel, textPlaceholder: texts.search
        });
    }
    if (L.Control.MiniMap) {
        L.Control.MiniMap.mergeOptions({strings: {hideText: texts.hide_minimap, showText: texts.show_minimap}});
    }
})
