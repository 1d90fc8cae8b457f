//! Options of reporting, and parameters of requests that are no options (options.md §10, §14).

use super::{OptionDefinition, OptionKind, flag, integer, of, text};

pub(super) const REPORTING: &[OptionDefinition] = &[
    flag("_rep_userevent_enable", false)
        .only("false")
        .says("options §10 G; D-054", "Whether the reporting user events are sent."),
    text("_rep_userevent_dn").guard().not_yet().says("options §10 G", "DN that receives them."),
    text("_rep_userevent_switch").guard().not_yet().says("options §10 G", "Switch of that DN."),
    flag("_use_reporting_aggregator", false)
        .guard()
        .only("false")
        .says("options §10 G; D-127", "Whether reporting events go to an aggregator as well."),
    text("_reporting_aggregator_url").guard().not_yet().says("options §10 G", "URL of the aggregator."),
    text("_originating_interaction_id")
        .request()
        .not_yet()
        .says("options §10 G, D", "Inbound call that receives the offer and acceptance keys."),
    text("_cb_origination_ixn_id").request().says("options §10 G", "Value of `_CB_ORIGINATION_IXN_ID`."),
    of("_cb_dim_channel", OptionKind::OpenEnumeration(&["IVR", "WEB", "MOBILE"]))
        .both()
        .says("options §10 G, D", "Value of `_CB_DIM_CHANNEL`."),
    of("_cb_t_callback_offered", OptionKind::EpochSeconds)
        .request()
        .says("options §10 G", "Value of `_CB_T_CALLBACK_OFFERED`."),
    of("_cb_t_callback_accepted", OptionKind::EpochSeconds)
        .request()
        .says("options §10 G", "Value of `_CB_T_CALLBACK_ACCEPTED`."),
    of("_cb_d_callback_offer", OptionKind::Number)
        .request()
        .says("options §10 G", "Value of `_CB_D_CALLBACK_OFFER`, seconds."),
    of("_cb_d_last_callback_offer", OptionKind::Number)
        .request()
        .says("options §10 G", "Value of `_CB_D_LAST_CALLBACK_OFFER`, seconds."),
    of("_cb_ewt_when_callback_was_offered", OptionKind::Number)
        .request()
        .says("options §10 G", "Value of `_CB_EWT_WHEN_CALLBACK_WAS_OFFERED`."),
    of("_cb_pos_when_callback_was_offered", OptionKind::Number)
        .request()
        .says("options §10 G", "Value of `_CB_POS_WHEN_CALLBACK_WAS_OFFERED`."),
    text("_cb_dim_callback_offer_type")
        .request()
        .says("options §10 G", "Value of `_CB_DIM_CALLBACK_OFFER_TYPE`."),
    text("_cb_dim_offer_timing").request().says("options §10 G", "Value of `_CB_DIM_OFFER_TIMING`."),
    integer("_cb_n_callback_offers_per_session")
        .request()
        .says("options §10 G", "Value of `_CB_N_CALLBACK_OFFERS_PER_SESSION`."),
];

pub(super) const PARAMETERS: &[OptionDefinition] = &[
    text("_copy_from_id")
        .request()
        .says("options §14 G; D-032", "COMPLETED callback whose properties become defaults."),
    of(
        "_callback_state",
        OptionKind::Enumeration(&["SCHEDULED", "QUEUED", "ROUTING", "PROCESSING", "COMPLETED", "PAUSED"]),
    )
    .request()
    .only("SCHEDULED")
    .says("options §14 G; D-034", "Forces a state, for callers that run the life cycle themselves."),
    of("_new_desired_time", OptionKind::Time)
        .request()
        .not_yet()
        .says("options §14 G", "New time of a reschedule."),
    text("_callback_reason").request().says("options §14 G", "Completion reason of an update."),
    text("_reason").request().not_yet().says("options §14 G", "Other spelling of the completion reason."),
];
